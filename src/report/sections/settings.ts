/** Every stage with its settings, and where everything comes from. */

import type { ProvenanceStage } from '../../plugin/provenance.js';
import type { Json } from '../../plugin/stage-info.js';
import { formatBytes, formatFigure } from '../figures.js';
import { familyOf, stageAnchor } from '../graph.js';
import { html, type Markup } from '../html.js';
import type { ReportArtifact, ReportContent } from '../report-content.js';
import { type Section, section, table } from './section.js';

/** Hexadecimal digits that tell digests apart at a glance. */
const shortDigest = 12;

/** Stages with at most this many settings are unfolded. */
const fewSettings = 6;

/** The settings of every stage; nothing when no stage is known. */
export function settingsSection(stages: readonly ProvenanceStage[]): Section | undefined {
  if (stages.length === 0) return undefined;
  return section(
    'settings',
    'Settings',
    'Every stage with what it was told, defaults included.',
    html`<div class="stages">${stages.map(stageBlock)}</div>`,
  );
}

/** Digests of everything: with them two reports can be compared, and every artifact found in the store. */
export function lineageSection(content: ReportContent): Section | undefined {
  const { stages } = content;
  const files = stages.flatMap(({ name, files: named }) =>
    Object.entries(named).map(([pointer, digest]) => ({ name, pointer, digest })),
  );
  if (stages.length === 0 && content.artifacts.length === 0) return undefined;
  return section(
    'lineage',
    'Lineage',
    'SHA-256 digests of the contents. The same digest is the same content, byte for byte.',
    html`${
      stages.length > 0 &&
      table(
        ['stage', 'output', 'kind', 'size', 'digest'],
        stages.flatMap(({ name, outputs }) =>
          Object.entries(outputs).map(([port, { kind, digest, bytes }]) => [
            name,
            port,
            kind,
            formatBytes(bytes),
            digestText(digest),
          ]),
        ),
        { numeric: [3] },
      )
    }
${
  files.length > 0 &&
  html`<h4>Files from outside</h4>${table(
    ['stage', 'setting', 'digest'],
    files.map(({ name, pointer, digest }) => [name, pointer.replace(/^\//, ''), digestText(digest)]),
  )}`
}
${content.artifacts.length > 0 && html`<h4>Files of models and exports</h4>${content.artifacts.map(artifactBlock)}`}`,
  );
}

function stageBlock(stage: ProvenanceStage): Markup {
  const settings = Object.entries(stage.settings);
  const inputs = Object.values(stage.inputs)
    .flat()
    .map(({ stage: from, port, part }) => [from, port, ...(part === undefined ? [] : [part])].join('.'));
  const facts = [
    stage.seed === undefined ? undefined : `seed ${stage.seed}`,
    inputs.length === 0 ? undefined : `reads ${inputs.join(', ')}`,
  ].filter((fact) => fact !== undefined);
  const figures = Object.entries(stage.metrics);
  return html`<details class="stage ${familyOf(stage)}" id="${stageAnchor(stage.name)}"${settings.length <= fewSettings && html` open`}><summary><b>${stage.name}</b> <span class="from">${stage.type}</span></summary>
${facts.length > 0 && html`<p class="lead">${facts.join('; ')}</p>`}
<dl>${settings.map(([name, value]) => html`<dt>${name}</dt><dd>${settingText(value)}</dd>\n`)}</dl>
${figures.length > 0 && html`<p class="facts">${figures.map(([name, value]) => html`<span>${name} <b>${formatFigure(value)}</b></span> `)}</p>`}
</details>\n`;
}

function settingText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function artifactBlock({ name, kind, digest, files }: ReportArtifact): Markup {
  return html`<details><summary><b>${name}</b> <span class="from">${kind}</span> ${digestText(digest)}</summary>${table(
    ['file', 'size'],
    files.map(({ path, bytes }) => [path, formatBytes(bytes)]),
    { numeric: [1] },
  )}</details>\n`;
}

function digestText(digest: string): Markup {
  return html`<code title="${digest}">${digest.slice(0, shortDigest)}</code>`;
}
