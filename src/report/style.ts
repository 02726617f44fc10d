/** The page's style sheet: no fonts and no images from elsewhere, light and dark, from a phone to a wide screen. */

const light = `
--bg:#faf9f7;--panel:#fff;--ink:#1d1c1a;--muted:#6d6963;--line:#e5e1da;--accent:#2b59c3;--good:#18794e;--bad:#c23b31;
--c1:#2b59c3;--c2:#c4521c;--c3:#147a5f;--c4:#8b4fc0;--c5:#946c0a;--c6:#c23b76;
--data:#147a5f;--model:#8b4fc0;--measure:#2b59c3;--product:#c4521c;--other:#8a857d;--heat:43,89,195;--heat-bad:194,59,49`;

const dark = `
--bg:#131416;--panel:#1b1d20;--ink:#ebe8e3;--muted:#9d998f;--line:#2e3136;--accent:#8cb0ff;--good:#5cc796;--bad:#ff8b7e;
--c1:#7ea6ff;--c2:#ff9b66;--c3:#4fc9a4;--c4:#c59bf2;--c5:#e0b84f;--c6:#f58ab4;
--data:#4fc9a4;--model:#c59bf2;--measure:#7ea6ff;--product:#ff9b66;--other:#8a857d;--heat:126,166,255;--heat-bad:255,139,126`;

/** Steps from which letters are those of the panel: on what lies between pale and strong neither kind can be read well. */
const strongFrom = 7;

/** Shades of the confusion matrix, in steps of a tenth. */
const heat = Array.from({ length: 11 }, (_, step) => {
  const isStrong = step >= strongFrom;
  const alpha = isStrong ? 0.91 + 0.03 * (step - strongFrom) : step * 0.07;
  const letters = isStrong ? ';color:var(--panel)' : '';
  return (
    `.confusion .right.heat${step}{background:rgba(var(--heat),${alpha.toFixed(3)})${letters}}` +
    `.confusion .wrong.heat${step}{background:rgba(var(--heat-bad),${alpha.toFixed(3)})${letters}}`
  );
}).join('\n');

/** The colours, as declarations of CSS. */
export function colorsOf(scheme: 'light' | 'dark'): string {
  return `${(scheme === 'light' ? light : dark).replaceAll('\n', '')};`;
}

/** The badges of runs. */
const runColors = Array.from(
  { length: 6 },
  (_, index) => `.run${index + 1}{--run:var(--c${index + 1})}`,
).join('');

/** What draws graphs; needs the colours. */
export const graphStyle = `.graph rect{fill:var(--panel);stroke:var(--line);stroke-width:1.5}
.graph a:hover rect:first-of-type,.graph a:focus rect:first-of-type{stroke:var(--accent)}
.graph .bar{stroke:none}
.graph .data .bar{fill:var(--data)}.graph .model .bar{fill:var(--model)}.graph .measure .bar{fill:var(--measure)}
.graph .product .bar{fill:var(--product)}.graph .other .bar{fill:var(--other)}
.graph .hit rect:first-of-type{stroke:var(--measure)}.graph .run rect:first-of-type{stroke:var(--product);stroke-width:2.5}
.graph .waiting rect:first-of-type{stroke:var(--c5);stroke-dasharray:5 4}
.graph text{fill:var(--ink);font:600 14px system-ui,sans-serif}
.graph .type{fill:var(--muted);font-weight:400;font-size:11.5px}
.edge{fill:none;stroke:var(--muted);stroke-width:1.4;opacity:.55}
#arrow path{fill:var(--muted)}`;

/** The whole style sheet. */
export const styleSheet = `
:root{color-scheme:light dark;${light}}
@media (prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
html{scroll-padding-top:3.5rem;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;overflow-wrap:break-word}
main,header.top,footer.end{max-width:1080px;margin:0 auto;padding:0 1.25rem}
header.top{padding-top:3rem}
.brand{font-size:.8rem;letter-spacing:.12em;text-transform:uppercase;color:var(--muted);margin:0}
h1{font-size:clamp(1.8rem,5vw,2.7rem);line-height:1.12;letter-spacing:-.02em;margin:.25rem 0 .5rem;text-wrap:balance}
h2{font-size:1.45rem;letter-spacing:-.01em;margin:0 0 .35rem}
h3{font-size:1.08rem;margin:1.75rem 0 .25rem}
h4{font-size:.95rem;margin:1.5rem 0 .25rem}
p{margin:.4rem 0}
a{color:var(--accent);text-decoration:none}
a:hover{text-decoration:underline}
.lead{color:var(--muted);font-size:.93rem;margin:.1rem 0 .7rem;max-width:70ch}
header.top .lead{font-size:1.05rem}
nav{position:sticky;top:0;z-index:1;background:var(--bg);border-bottom:1px solid var(--line);margin:1.5rem 0 0}
nav div{max-width:1080px;margin:0 auto;padding:.6rem 1.25rem;display:flex;gap:1.25rem;overflow-x:auto;white-space:nowrap;font-size:.9rem;scrollbar-width:none}
nav a{color:var(--muted)}
section{background:var(--panel);border:1px solid var(--line);border-radius:14px;padding:1.4rem 1.5rem;margin:1.5rem 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:1rem;margin:1.5rem 0}
.card{background:var(--panel);border:1px solid var(--line);border-radius:14px;padding:1rem 1.2rem}
.card .label{color:var(--muted);font-size:.86rem}
.card .value{font-size:2rem;font-weight:650;letter-spacing:-.02em;line-height:1.25;font-variant-numeric:tabular-nums}
.card .value small{font-size:.5em;font-weight:600;letter-spacing:0}
.card .value small.good{color:var(--good)}.card .value small.bad{color:var(--bad)}
.when,td code{white-space:nowrap}
.card .note{min-height:1.2em;font-size:.82rem;color:var(--muted)}
.interval,.from,small{color:var(--muted);font-size:.84em;font-weight:400}
.interval{white-space:nowrap;font-variant-numeric:tabular-nums}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:0 2.2rem;align-items:start}
.columns>div{min-width:0}
.row{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem}
.scroll{overflow-x:auto;margin:.4rem 0 .8rem}
table{border-collapse:collapse;font-size:.9rem;min-width:min(100%,18rem)}
th,td{text-align:left;padding:.34rem .9rem .34rem 0;border-bottom:1px solid var(--line);vertical-align:baseline}
th{font-weight:500;color:var(--muted);font-size:.82rem}
tbody tr:last-child td{border-bottom:0}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
caption{text-align:left;color:var(--muted)}
.confusion td{text-align:center;border:2px solid var(--panel);border-radius:6px;padding:.5rem .7rem;min-width:4rem;font-variant-numeric:tabular-nums;font-weight:550}
.confusion td small{display:block;color:inherit;font-weight:400}
.confusion th{border:0;padding:.3rem .7rem .3rem 0}
.confusion thead th{text-align:center;padding:.3rem}
.confusion tbody tr:last-child td{border-bottom:2px solid var(--panel)}
${heat}
figure{margin:.4rem 0 1rem}
.chart svg{max-width:100%;height:auto;display:block;overflow:visible}
.graph{display:block;margin:0 auto;height:auto;max-width:none}
@media (min-width:700px){.graph{max-width:100%}}
${graphStyle}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;justify-content:center;color:var(--muted);font-size:.85rem;margin-top:.6rem}
.legend i{display:inline-block;width:.65rem;height:.65rem;border-radius:3px;margin-right:.4rem}
.legend .data{background:var(--data)}.legend .model{background:var(--model)}.legend .measure{background:var(--measure)}.legend .product{background:var(--product)}
details{margin:.5rem 0}
details.block{border-top:1px solid var(--line);margin:0;padding:.8rem 0}
details.block>summary{color:var(--ink);font-size:1.08rem;font-weight:650}
summary{cursor:pointer;color:var(--accent);font-size:.92rem}
.example{margin:.8rem 0;padding:.1rem 0 .1rem 1rem;border-left:3px solid var(--line)}
.example p,.example summary{font-size:.93rem;color:var(--ink);white-space:pre-line;margin:.2rem 0}
.example footer{font-size:.84rem;color:var(--muted)}
.bad{color:var(--bad)}
.good{color:var(--good)}
.badge{display:inline-block;min-width:1.45em;padding:0 .4em;border-radius:.35em;text-align:center;font-weight:650;font-size:.86em;line-height:1.45;background:var(--run);color:var(--panel)}
${runColors}
del{color:var(--bad);text-decoration:line-through}
ins{color:var(--good);text-decoration:none;font-weight:600}
.too-small{color:var(--c5);font-weight:600;font-size:.86rem;white-space:nowrap}
.stages{columns:2 330px;column-gap:.8rem}
.stage{border:1px solid var(--line);border-left:4px solid var(--other);border-radius:8px;padding:.55rem .9rem;margin:0 0 .8rem;break-inside:avoid}
.stage.data{border-left-color:var(--data)}.stage.model{border-left-color:var(--model)}.stage.measure{border-left-color:var(--measure)}.stage.product{border-left-color:var(--product)}
.stage:target{outline:2px solid var(--accent)}
.stage summary{color:var(--ink)}
dl{display:grid;grid-template-columns:auto 1fr;gap:.15rem 1rem;margin:.5rem 0;font-size:.87rem}
dt{color:var(--muted)}
dd{margin:0;font-family:ui-monospace,SFMono-Regular,Menlo,monospace;font-size:.82rem;overflow-wrap:anywhere}
.facts{font-size:.86rem;color:var(--muted)}
.facts span{margin-right:1.1rem;white-space:nowrap}
.facts b{color:var(--ink);font-weight:550;font-variant-numeric:tabular-nums}
code{font-family:ui-monospace,SFMono-Regular,Menlo,monospace;font-size:.85em;color:var(--muted)}
footer.end{color:var(--muted);font-size:.85rem;padding-bottom:3rem}
@media (max-width:600px){section{padding:1.1rem 1rem;border-radius:12px}header.top{padding-top:1.8rem}.card .value{font-size:1.6rem}.cards{grid-template-columns:1fr 1fr;gap:.7rem}.card{padding:.8rem .9rem}}
@media print{nav{display:none}section{break-inside:avoid;border:0;padding:0}body{background:#fff}}
`;
