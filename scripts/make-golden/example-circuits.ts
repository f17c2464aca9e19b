/**
 * Takes circuits that a run of an example asked a device for, and writes them as programs for example-circuits.py.
 *
 * usage  node scripts/make-golden/example-circuits.ts RUN_FOLDER > circuits.json
 *        RUN_FOLDER holds copies of `runs/<run id>/optimize/refine/circuits-*.bin` of the bucket
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeTensors } from '../../core/contracts/tensors.ts';
import { CircuitsHeader, readCircuits } from '../../core/problems/circuit-files.ts';
import { compileBatch } from '../../core/problems/programs.ts';

/** Circuits taken of each file: mean values, adjoint gradients and shifted states alike. */
const TAKEN = 48;

const folder = process.argv[2];
if (folder === undefined) throw new Error('the folder with circuits-*.bin is missing');
const files = readdirSync(folder)
  .filter((name) => /^circuits-.*\.bin$/.test(name))
  .sort();
const batches = files.map((name) => {
  const { header, tensors } = decodeTensors(readFileSync(join(folder, name)));
  const { batch, target } = readCircuits({ header: CircuitsHeader.parse(header), tensors });
  const tasks = compileBatch(batch, target).tasks.slice(0, TAKEN);
  const requests = batch.requests.slice(0, Math.max(...tasks.flatMap(({ requestIndices }) => requestIndices)) + 1);
  return {
    file: name,
    circuit: { ...batch.circuit, theta: [...batch.circuit.theta] },
    requests: requests.map((request) =>
      request.kind === 'expectations'
        ? { kind: request.kind, amplitudes: [...request.amplitudes] }
        : {
            kind: request.kind,
            amplitudes: [...request.amplitudes],
            cotangent: [...request.cotangent],
            angles: request.angles,
            directions: request.directions.map((direction) => [...direction]),
          },
    ),
    programs: tasks.map(({ action }) => action),
  };
});
process.stdout.write(`${JSON.stringify({ batches })}\n`);
