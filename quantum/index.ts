/** The whole public API of @qefm/quantum. Qubit 0 is the most significant bit; angles are in radians; states are interleaved (re, im). */

// Braket
export {
  type ActionFiles,
  type ActionOptions,
  type ActionSummary,
  BraketValidationError,
  type DeviceKind,
  type DeviceNoise,
  type DeviceTarget,
  inspectAction,
  type NoiseRates,
  runAction,
} from './braket/run-action.ts';
export type {
  Action,
  GateModelTaskResult,
  JsonValue,
  ProgramAction,
  ProgramSetAction,
  ProgramSetTaskResult,
  ResultTypeValue,
} from './braket/schema.ts';

// Circuits
export {
  type Angle,
  type AngleExpression,
  type AngleTerm,
  addAngles,
  bindAngle,
  evaluateAngle,
  parameter,
  scaleAngle,
} from './circuit/angle.ts';
export {
  type BarrierOperation,
  bindParameters,
  bitOf,
  buildCircuit,
  type Circuit,
  CircuitBuilder,
  type Control,
  composeCircuits,
  type GateOperation,
  hasNoise,
  inverseCircuit,
  MAX_QUBITS,
  type NoiseOperation,
  type Operation,
} from './circuit/circuit.ts';
export { eigenHermitian, unitaryPower } from './circuit/eigen.ts';
export { gateDerivative, gateGenerator } from './circuit/gate-derivative.ts';
export { GATES, type GateSpec } from './circuit/gates.ts';
export { type ComplexMatrix, isUnitary, matrixFrom } from './circuit/matrix.ts';
export { CHANNELS, type ChannelSpec, krausOperators } from './circuit/noise.ts';
export {
  hermitianFactor,
  type Observable,
  type ObservableFactor,
  type ObservableTerm,
  observableOf,
  standardFactor,
} from './circuit/observable.ts';
export type { ParameterRule } from './circuit/parameter-rule.ts';
export {
  groupQubitWise,
  isDiagonal,
  neighbours,
  type Pauli,
  type PauliFactor,
  type PauliMasks,
  type PauliSum,
  type PauliTerm,
  pauliMasks,
  pauliSum,
  pauliTerm,
  pauliText,
  qubitWiseCommute,
  simplifySum,
  zAndNeighbourZz,
} from './circuit/pauli.ts';
export {
  type AnsatzOptions,
  amplitudeEncoding,
  amplitudeEncodingOf,
  ansatzParameterCount,
  encodingAngles,
  hardwareEfficientAnsatz,
} from './circuit/templates.ts';
// Compilation for a device
export {
  type CompileTarget,
  compileForDevice,
  type DeviceCircuit,
  type DeviceCompileOptions,
} from './compile/compile.ts';
export type { Connectivity } from './compile/route.ts';
export { checkNative } from './compile/verbatim.ts';
// Errors and randomness
export { OpenQasmError, QuantumError } from './errors.ts';
// Gradients
export {
  type AdjointResult,
  adjoint,
  adjointGradient,
  adjointOfObservable,
  adjointOfSum,
  throughNormalisation,
} from './gradient/adjoint.ts';
export { type AmplitudeShiftPlan, planAmplitudeShift, planFullAmplitudeShift } from './gradient/amplitude-shift.ts';
export { CompiledModel, compileModel } from './gradient/compiled-model.ts';
export { type ParameterShiftPlan, parameterShift, planParameterShift, shiftRule } from './gradient/parameter-shift.ts';
// OpenQASM
export { type EmitOptions, emitOpenQasm } from './openqasm/emit.ts';
export type { UsedFeature } from './openqasm/features.ts';
export { type ParsedProgram, type ParseOptions, parseOpenQasm } from './openqasm/interpret.ts';
export type { ResultRequest } from './openqasm/results.ts';
export type { InputValue } from './openqasm/variables.ts';
export { deriveSeed, fork, type Label, Random, seeded } from './random.ts';
// Simulation
export {
  CompiledCircuit,
  type CompileOptions,
  compileCircuit,
  POOL_FROM_QUBITS,
  type ValueAndGradient,
} from './simulator/compiled-circuit.ts';
export {
  densityExpectation,
  densityObservable,
  densityProbabilities,
  MAX_DENSITY_QUBITS,
  pureDensity,
  purity,
  reducedDensity,
  simulateDensity,
  trace,
} from './simulator/density-matrix.ts';
export { bitString, frequencies, meansOfZ, sampleCounts, sampleIndices } from './simulator/sampler.ts';
export { compileSingle, SingleCircuit } from './simulator/single-circuit.ts';
export {
  applyObservable,
  applyPauliSum,
  complexState,
  expectation,
  expectations,
  fidelity,
  marginal,
  probabilities,
  realInner,
  simulate,
  variance,
} from './simulator/statevector.ts';
// Threads: only the contract; the pools are in the entries for Node and browsers
export type { KernelPool, KernelTask } from './threads/kernel-pool.ts';
