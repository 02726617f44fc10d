/** The page: from what a report shows to one HTML text. */
import { drawGraph, provenanceNodes } from './graph.js';
import { html } from './html.js';
import { renderPage } from './page.js';
import type { ReportContent } from './report-content.js';
import { biasSection } from './sections/bias.js';
import { dataSection } from './sections/data.js';
import { errorsSection } from './sections/errors.js';
import { forgettingSection } from './sections/forgetting.js';
import { headline } from './sections/headline.js';
import { qualitySection } from './sections/quality.js';
import { type Section, section } from './sections/section.js';
import { lineageSection, settingsSection } from './sections/settings.js';
import { trainingSection } from './sections/training.js';

/** Writes the report as one self-contained page. The same content gives the same bytes. */
export async function renderReport(content: ReportContent): Promise<string> {
  const candidates: readonly (Section | undefined)[] = [
    content.stages.length > 0 ? recipeSection(content) : undefined,
    await qualitySection(content.metrics),
    await forgettingSection(content),
    await biasSection(content.metrics),
    await trainingSection(content.curves),
    errorsSection(content.predictions),
    dataSection(content.datasets),
    settingsSection(content.stages),
    lineageSection(content),
  ];
  const sections = candidates.filter((candidate) => candidate !== undefined);
  return renderPage({
    title: content.title,
    description: content.description,
    top: headline(content),
    sections,
    end: 'Made by roux. The same recipe, data and seed give the same page, byte for byte.',
  });
}

function recipeSection({ stages }: ReportContent): Section {
  return section(
    'recipe',
    'Recipe',
    'The stages and how they are connected; each leads to its settings.',
    html`<div class="scroll">${drawGraph(provenanceNodes(stages))}</div>
<div class="legend"><span><i class="data"></i>data</span><span><i class="model"></i>models</span><span><i class="measure"></i>measurements</span><span><i class="product"></i>products</span></div>`,
  );
}
