import { defineStage } from 'roux';

export default defineStage({ type: 'broken' version: 1 });
