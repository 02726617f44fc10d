/** The page about several runs, or the trials of a sweep. */
import { renderPage } from '../page.js';
import type { Section } from '../sections/section.js';
import { changedExamplesSection } from './changed-examples.js';
import type { ComparisonContent } from './comparison-content.js';
import { costsSection } from './costs.js';
import { curvesSection } from './curves.js';
import { figuresSection, testsSection } from './figures.js';
import { differencesSection, runCards, runsSection } from './runs.js';
import { trialsSection } from './trials.js';

/** Writes the comparison as one self-contained page. The same content gives the same bytes. */
export async function renderComparison(content: ComparisonContent): Promise<string> {
  const { comparison, sweep } = content;
  const candidates: readonly (Section | undefined)[] = [
    sweep === undefined ? undefined : await trialsSection(sweep),
    runsSection(comparison),
    differencesSection(comparison),
    await figuresSection(comparison),
    await testsSection(comparison),
    changedExamplesSection(comparison),
    await curvesSection(content),
    await costsSection(comparison),
  ];
  const goal = sweep === undefined ? undefined : `${sweep.goal.stage}.${sweep.goal.metric}`;
  return renderPage({
    title: content.title,
    description: content.description,
    top: runCards(comparison, goal),
    sections: candidates.filter((candidate) => candidate !== undefined),
    end: 'Made by roux. The same runs give the same page, byte for byte.',
  });
}
