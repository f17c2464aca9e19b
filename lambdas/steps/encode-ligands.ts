import type { EncodedLigand, RejectedRow } from '../../core/contracts/artifacts.ts';
import { EncodedShard, FINGERPRINT_BYTES, KeyList } from '../../core/contracts/artifacts.ts';
import { parseUri, place } from '../../core/contracts/places.ts';
import { EncodeLigands } from '../../core/contracts/steps.ts';
import { describeMolecule, descriptorNames } from '../../core/molecule/descriptors.ts';
import { morganFingerprint } from '../../core/molecule/fingerprint.ts';
import { graphFromCanonicalSmiles } from '../../core/molecule/graph.ts';
import { createLibraryReader } from '../../core/molecule/library.ts';
import { duplicateKey, standardiseMolblock, standardiseSmiles } from '../../core/molecule/standardise.ts';
import { warmChemistry } from '../shared/chemistry.ts';
import { libraryFormat } from '../shared/library-file.ts';
import { step } from '../shared/step.ts';

const EVERY_PREFIX = 'all';

/** State `EncodeLigands`: one shard of the library becomes one artifact of descriptors and fingerprints; bad rows get their reasons. */
export const handler = step(EncodeLigands, async ({ runId, shard, prefixes }, { artifacts, telemetry, run }) => {
  const { campaign } = await run();
  const chemistry = warmChemistry();
  const { key } = parseUri(shard.uri);
  const reader = createLibraryReader(libraryFormat(key).format, { ...campaign.library, firstRow: shard.firstRow });
  const items = [...reader.push(await artifacts.readBytes(key)), ...reader.end()];

  const ligands: EncodedLigand[] = [];
  const rejected: RejectedRow[] = [];
  const descriptors = new Float64Array(items.length * descriptorNames.length);
  const fingerprints = new Uint8Array(items.length * FINGERPRINT_BYTES);
  for (const item of items) {
    if (item.kind === 'rejected') {
      rejected.push({ row: item.row, id: item.id, code: item.code, message: item.message });
      continue;
    }
    const standardise = item.notation === 'smiles' ? standardiseSmiles : standardiseMolblock;
    const outcome = await standardise(item.text, chemistry);
    if (!outcome.ok) {
      rejected.push({ row: item.row, id: item.id, ...outcome.rejection });
      continue;
    }
    const { smiles, heavyAtoms, notes } = outcome.value;
    const graph = graphFromCanonicalSmiles(smiles);
    descriptors.set(describeMolecule(graph), ligands.length * descriptorNames.length);
    fingerprints.set(morganFingerprint(graph), ligands.length * FINGERPRINT_BYTES);
    ligands.push({
      row: item.row,
      id: item.id,
      smiles,
      key: duplicateKey(smiles),
      heavyAtoms,
      columns: { ...item.columns },
      notes,
    });
  }

  const count = ligands.length;
  const header: EncodedShard = EncodedShard.parse({
    schema: 'encoded-shard/1',
    shard: shard.index,
    descriptorNames: [...descriptorNames],
    ligands,
    rejected,
  });
  for (const prefix of prefixes) {
    const entries = ligands
      .map(({ key: hash, row, id }, indexInShard) => ({ key: hash, indexInShard, row, id }))
      .filter(({ key: hash }) => prefix === EVERY_PREFIX || hash.startsWith(prefix));
    await artifacts.write(place.keys(runId, prefix, shard.index), KeyList, { schema: 'key-list/1', shard: shard.index, entries });
  }
  // Last, because its presence says that the shard is done.
  await artifacts.writeTensors(place.encoded(runId, shard.index), {
    header,
    tensors: {
      descriptors: { shape: [count, descriptorNames.length], data: descriptors.slice(0, count * descriptorNames.length) },
      fingerprints: { shape: [count, FINGERPRINT_BYTES], data: fingerprints.slice(0, count * FINGERPRINT_BYTES) },
    },
  });
  telemetry.count('LigandsEncoded', count);
  telemetry.count('RowsRejected', rejected.length);
  return { accepted: count, rejected: rejected.length };
});
