/** Property tests draw the same cases in every run, so that a red build can be made red again; PROPERTY_SEED=N draws others, as the nightly run does. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['PROPERTY_SEED'] ?? 20261123) });
