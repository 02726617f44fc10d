import { defineStage } from 'roux';

const settings: { type?: string } = {};
/** A comment that moves the lines. */
export default defineStage(settings.type.toUpperCase());
