import { defineStage } from 'roux';

const settings = {};
/** A comment that moves the lines. */
export default defineStage(settings.type.toUpperCase());
