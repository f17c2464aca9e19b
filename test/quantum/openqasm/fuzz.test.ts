import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OpenQasmError, parseOpenQasm } from '../../../quantum/index.ts';
import { randomStatements } from '../../support/openqasm-statements.ts';
import { readGolden } from '../../support/quantum-goldens.ts';

/** Accepts or refuses; anything but an OpenQasmError is a crash. A hang ends at the test's own time limit. */
function survives(source: string): void {
  try {
    parseOpenQasm(source, { inputs: { a: 0.5 }, compact: true });
  } catch (error) {
    if (!(error instanceof OpenQasmError)) throw error;
    expect(error.line).toBeGreaterThan(0);
    expect(error.column).toBeGreaterThan(0);
  }
}

const words = (
  'OPENQASM 3.0 ; qubit bit input float const int gate measure barrier for in include box #pragma braket result noise unitary ' +
  'verbatim expectation variance sample probability state_vector amplitude density_matrix adjoint_gradient kraus bit_flip all ' +
  'hermitian x y z h i rx cnot u U gphase q[0] q r $0 $1 a b pi ( ) [ ] { } , : @ -> = + - * / ** % ctrl negctrl inv pow 0 1 2 0.5 1im ' +
  '"00" "stdgates.inc" \n // /* */ 1e400 -1 9999999999 sin ctrl(2) [[1,0],[0,1]] ' +
  'if else while true false break continue return def let bool uint array #dim mutable readonly "0101" n m f( += -= == != < <= && || ! ~ & | ^ << >> ++ ' +
  'sizeof( popcount( int[8] bit[4] array[int,2] {1,2} input output extern reset'
).split(' ');

describe('parseOpenQasm against arbitrary input', () => {
  test('survives any string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (source) => {
        survives(source);
      }),
      { numRuns: 1000 },
    );
  });

  test('survives any sequence of its own words', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 60 }), (tokens) => {
        survives(`qubit[2] q; input float a; ${tokens.join(' ')}`);
      }),
      { numRuns: 3000 },
    );
  });

  test('survives valid programs with a piece cut out, doubled or replaced', () => {
    const programs = readGolden('braket-simulator').programs.filter((program) => program.length < 2000);
    fc.assert(
      fc.property(
        fc.constantFrom(...programs),
        fc.nat(),
        fc.nat({ max: 12 }),
        fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 5 })),
        (program, place, length, inserted) => {
          const at = place % program.length;
          survives(program.slice(0, at) + inserted + program.slice(at + length));
          survives(program.slice(0, at + length) + program.slice(at));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('survives programs that its grammar makes, however they loop, recur and fill arrays', () => {
    fc.assert(
      fc.property(randomStatements, (source) => {
        survives(`input float a; qubit[3] q; ${source}`);
      }),
      { numRuns: 1500 },
    );
  });
});
