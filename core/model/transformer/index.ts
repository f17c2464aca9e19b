/** The transformer over token ids: all that other folders use of it. */
export {
  type Batch,
  END_TOKEN,
  type KernelBuild,
  type KernelChoice,
  type Loss,
  type OptimizerState,
  type ParameterPlace,
  type Sample,
  type SampleSettings,
  type StepReport,
  type StepSettings,
  type Transformer,
  type TransformerOptions,
  UNKNOWN_TOKEN,
} from './api.ts';
export { type TransformerConfig, transformerConfig, transformerDefaults } from './config.ts';
export { initialWeights, parameterPlaces } from './parameters.ts';
export { learningRateAt, type ScheduleSettings } from './schedule.ts';
export { createTransformer } from './transformer.ts';
