/** What runs a task. The emulator knows devices and files; circuits are the engine's. */
import type { BraketDevice } from './devices.ts';

export interface EngineRequest {
  /** The action document as text: a program or a program set. */
  action: string;
  deviceParameters: string;
  device: BraketDevice;
  /** Whether the noise of the device's row applies. */
  noisy: boolean;
  shots: number;
  seed: number;
  taskArn: string;
  createdAtIso: string;
  endedAtIso: string;
  /** What the simulators report and bill. */
  executionDurationMs: number;
  /** Executables of a program set that fail on purpose. */
  failures: readonly { programIndex: number; inputsIndex: number; failureReason: string }[];
  /** Where the result will lie, for the document that names it. */
  bucket: string;
  directory: string;
}

export interface EngineOutput {
  /** Path below the task's output directory -> text of a JSON document; `results.json` is always there. */
  files: Readonly<Record<string, string>>;
  successfulShots: number;
}

export interface ActionFacts {
  actionType: string;
  programCount?: number;
  executableCount?: number;
}

export interface ProgramFailure {
  programIndex: number;
  inputsIndex?: number;
  errors: string[];
}

/** Why an action is refused at creation; `failures` locates it within a program set. */
export class ActionRefused extends Error {
  readonly failures: readonly ProgramFailure[];
  constructor(message: string, failures: readonly ProgramFailure[] = []) {
    super(message);
    this.name = 'ActionRefused';
    this.failures = failures;
  }
}

export interface BraketEngine {
  /** Braket names of the gates in the catalogue. */
  readonly gateNames: readonly string[];
  /** Parses and checks an action against a device; throws ActionRefused. */
  check(request: Pick<EngineRequest, 'action' | 'device' | 'noisy' | 'shots'>): ActionFacts;
  /** Rejects with the signal's reason when it may give up a run half-way; it need not. */
  run(request: EngineRequest, cancelled: AbortSignal): EngineOutput | Promise<EngineOutput>;
  stop?(): Promise<void>;
}
