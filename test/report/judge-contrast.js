/**
 * Runs in a page, as an expression: the contrast of every visible text with the colours behind it, as WCAG 2.2 defines it
 * (1.4.3: 4.5, for large letters 3).
 */
(() => {
  const parse = (text) => {
    const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
    return text === 'none' || text === '' ? [0, 0, 0, 0] : [red, green, blue, alpha];
  };
  const over = ([r, g, b, a], [br, bg, bb]) => [
    r * a + br * (1 - a),
    g * a + bg * (1 - a),
    b * a + bb * (1 - a),
    1,
  ];
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const contrast = (a, b) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const backgroundOf = (element) => {
    const layers = [];
    for (let at = element; at !== null; at = at.parentElement) {
      // The box of a node in a graph lies beside its texts, not around them.
      const box =
        at instanceof SVGGElement && at.classList.contains('node') ? at.querySelector('rect') : null;
      layers.push(parse(box === null ? getComputedStyle(at).backgroundColor : getComputedStyle(box).fill));
    }
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const faint = new Set();
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent.trim();
    if (element === null || text === '' || element.closest('title, style') !== null) continue;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    texts += 1;
    const style = getComputedStyle(element);
    const background = backgroundOf(element);
    const [r, g, b, a] = parse(element instanceof SVGElement ? style.fill : style.color);
    let opacity = a;
    for (let at = element; at !== null; at = at.parentElement)
      opacity *= Number(getComputedStyle(at).opacity);
    const size = Number.parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const found = contrast(over([r, g, b, opacity], background), background);
    if (found < (isLarge ? 3 : 4.5)) {
      faint.add(
        `${found.toFixed(2)} ${element.tagName}.${element.getAttribute('class') ?? ''}: ${text.slice(0, 40)}`,
      );
    }
  }
  return { faint: [...faint], texts };
})();
