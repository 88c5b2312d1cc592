/** `sluice-cli`: what a `sluice.config.ts` is written with. Types, and nothing that takes time to load. */

export type { Outputs } from '../deployed/deployment.ts';
export { defineConfig, type SluiceConfig } from './config.ts';
export type {
  Access,
  Answer,
  FigureRow,
  Findings,
  MadeFault,
  SampleProducer,
  Sender,
  Sent,
  System,
  SystemInput,
  SystemTools,
  World,
} from './system.ts';
