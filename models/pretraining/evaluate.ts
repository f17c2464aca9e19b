/**
 * What a trained model writes: validity, uniqueness and novelty of its molecules, for the model card.
 *
 *   node models/pretraining/evaluate.ts --model FILE [--corpus FOLDER] [--engine MODULE] [--count N] [--temperature T] [--seed N] [--workers N] [--out FILE]
 *
 * Without retries and without a filter: every sequence counts, those without an end as invalid. The Fréchet ChemNet distance (FCD) is left for later: it
 * wants a trained network of its own, which we do not have; the report says so.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { detokenize, sourceToken, UNKNOWN, vocabularyFacts } from '../../core/encoding/smiles-tokens.ts';
import { type Source, sources } from '../../core/encoding/smiles-vocabulary.ts';
import { type Chemistry, createChemistry, loadRDKit } from '../../core/molecule/chemistry.ts';
import { decodeModel, type ModelHeader } from './checkpoint.ts';
import { numberOption, textOption } from './options.ts';
import { type Corpus, decodeCorpus } from './packed.ts';
import { replaceFile } from './replace-file.ts';
import type { Engine, Sample, Trainer } from './trainer.ts';

/** A share with the 95 % interval of Wilson (1927). */
export interface Share {
  readonly count: number;
  readonly of: number;
  readonly share: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** Definitions of MOSES (Polykovskiy et al. 2020, Front. Pharmacol. 11:565644), over all samples of one source. */
export interface SampleFacts {
  readonly source: Source;
  readonly samples: number;
  /** Sequences that came to their end. */
  readonly ended: Share;
  /** Read by RDKit, with an atom or more. */
  readonly valid: Share;
  /** Different canonical SMILES among the valid ones. */
  readonly unique: Share;
  /** Of the unique ones, those that are not in the training set. */
  readonly novel: Share;
  /** Why samples are not valid; adds up to the invalid ones. */
  readonly invalid: Readonly<Record<string, number>>;
  readonly meanTokens: number;
}

export interface Evaluation {
  readonly schema: 'pretraining-evaluation/1';
  readonly training: ModelHeader['training'];
  readonly temperature: number;
  readonly seed: number;
  readonly sources: readonly SampleFacts[];
  /** Not computed. */
  readonly frechetChemNetDistance: null;
}

export function shareOf(count: number, of: number): Share {
  if (of === 0) return { count, of, share: null, low: null, high: null };
  const z = 1.959964;
  const p = count / of;
  const centre = (p + z ** 2 / (2 * of)) / (1 + z ** 2 / of);
  const half = (z / (1 + z ** 2 / of)) * Math.sqrt((p * (1 - p)) / of + z ** 2 / (4 * of ** 2));
  return { count, of, share: p, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** Every molecule of a corpus as text: the canonical SMILES of its standard form. */
export function textsOf({ tokens, starts }: Corpus): Set<string> {
  const texts = new Set<string>();
  for (let s = 0; s + 1 < starts.length; s++) texts.add(detokenize(tokens.subarray(starts[s], starts[s + 1])));
  return texts;
}

/** Reads samples with RDKit; `known` holds the training set. */
export async function judgeSamples(
  source: Source,
  samples: readonly Sample[],
  known: ReadonlySet<string>,
  chemistry: Chemistry,
): Promise<SampleFacts> {
  const invalid: Record<string, number> = {};
  const refuse = (reason: string) => {
    invalid[reason] = (invalid[reason] ?? 0) + 1;
  };
  const unique = new Set<string>();
  let valid = 0;
  for (const { tokens, ended } of samples) {
    if (!ended) refuse('NO_END');
    else if (tokens.includes(UNKNOWN)) refuse('UNKNOWN_TOKEN');
    else {
      const canonical = await chemistry.withSmiles(detokenize(tokens), (molecule) => molecule.get_smiles());
      if (!canonical.ok) refuse(canonical.rejection.code);
      else if (canonical.value === '') refuse('EMPTY');
      else {
        valid++;
        unique.add(canonical.value);
      }
    }
  }
  let novel = 0;
  for (const smiles of unique) if (!known.has(smiles)) novel++;
  const ended = samples.filter((sample) => sample.ended).length;
  return {
    source,
    samples: samples.length,
    ended: shareOf(ended, samples.length),
    valid: shareOf(valid, samples.length),
    unique: shareOf(unique.size, valid),
    novel: shareOf(novel, unique.size),
    invalid,
    meanTokens: samples.reduce((sum, { tokens }) => sum + tokens.length, 0) / samples.length,
  };
}

/** Draws `count` molecules for each source; the unknown token and the tokens of sources are never drawn. */
export async function evaluate(
  trainer: Trainer,
  known: ReadonlySet<string>,
  chemistry: Chemistry,
  { count, temperature, seed }: { count: number; temperature: number; seed: number },
): Promise<SampleFacts[]> {
  const forbidden = [UNKNOWN, ...sources.map(sourceToken)];
  const facts: SampleFacts[] = [];
  for (const source of sources) {
    const samples = trainer.sample({ count, source: sourceToken(source), temperature, seed: `${seed} ${source}`, forbidden });
    facts.push(await judgeSamples(source, samples, known, chemistry));
  }
  return facts;
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const { values } = parseArgs({
    options: {
      model: textOption(join(root, '.cache/pretraining/run/model.safetensors')),
      corpus: textOption(join(root, '.cache/pretraining')),
      engine: textOption(join(root, 'models/pretraining/transformer-engine.ts')),
      count: textOption('10000'),
      temperature: textOption('1'),
      seed: textOption('2026'),
      workers: textOption('2'),
      out: textOption(join(root, '.cache/pretraining/run/evaluation.json')),
    },
  });
  const number = (name: 'count' | 'temperature' | 'seed' | 'workers') => numberOption(name, values[name]);
  const [count, temperature, seed] = [number('count'), number('temperature'), number('seed')];
  const { header, weights } = decodeModel(readFileSync(values.model));
  const engine = (await import(pathToFileURL(resolve(values.engine)).href)) as Engine;
  const { trainer, close } = await engine.createTrainer({
    vocabulary: vocabularyFacts.size,
    seed,
    threads: number('workers'),
    shape: header.training.facts.shape,
    state: (parameters) => ({ weights: weights(parameters) }),
  });
  const wasm = readFileSync(createRequire(import.meta.url).resolve('@rdkit/rdkit/RDKit_minimal.wasm'));
  const known = textsOf(decodeCorpus(readFileSync(join(values.corpus, 'train.safetensors'))));
  const facts = await evaluate(
    trainer,
    known,
    createChemistry(() => loadRDKit(wasm)),
    { count, temperature, seed },
  );
  await close();
  const evaluation: Evaluation = {
    schema: 'pretraining-evaluation/1',
    training: header.training,
    temperature,
    seed,
    sources: facts,
    frechetChemNetDistance: null,
  };
  replaceFile(values.out, `${JSON.stringify(evaluation, null, 2)}\n`);
  for (const { source, valid, unique, novel } of facts)
    console.log(`${source}: ${valid.count} of ${valid.of} valid, ${unique.count} unique, ${novel.count} of them novel`);
}
