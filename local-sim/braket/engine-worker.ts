/** A thread that runs circuits, so that the cloud's own thread stays free for requests. See worker-engine.ts. */
import { parentPort } from 'node:worker_threads';
import type { EngineRequest } from './engine.ts';
import { quantumEngine } from './quantum-engine.ts';

const port = parentPort;
if (!port) throw new Error('engine-worker.ts is the entry of a worker thread');
const engine = quantumEngine();

port.on('message', async (request: EngineRequest) => {
  try {
    port.postMessage({ output: await engine.run(request) });
  } catch (error) {
    port.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
});
