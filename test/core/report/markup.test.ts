import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeHtml, html, svgDataUri, trusted } from '../../../core/report/markup.ts';
import { count, duration, fixed, interval, percent, plural, short } from '../../../core/report/numbers.ts';

describe('html', () => {
  test('escapes whatever is put in, and only once', () => {
    expect(html`<b>${'<i>&"\''}</b>`.text).toBe('<b>&lt;i&gt;&amp;&quot;&#39;</b>');
    expect(html`<p>${html`<b>${'&'}</b>`}</p>`.text).toBe('<p><b>&amp;</b></p>');
  });
  test('joins lists and drops null, false and undefined, but keeps zero', () => {
    expect(html`${[1, '<', html`<br>`, null, false, undefined, [0]]}`.text).toBe('1&lt;<br>0');
  });
  test('lets no character of any text open a tag, an entity or an attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"']/);
        expect(escaped.replace(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
        expect(escaped.isWellFormed()).toBe(true);
      }),
    );
  });
  test('passes what is trusted as it is', () => {
    expect(html`${trusted('<hr>')}`.text).toBe('<hr>');
  });
});

describe('svgDataUri', () => {
  test('needs no escaping, whatever the drawing holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (svg) => {
        expect(svgDataUri(svg)).toMatch(/^data:image\/svg\+xml;base64,[A-Za-z0-9+/=]*$/);
      }),
    );
  });
  test('keeps the letters of other scripts and the shape of a path', () => {
    const decode = (uri: string) => Buffer.from(uri.replace(/^[^,]*,/, ''), 'base64').toString();
    expect(decode(svgDataUri('<svg><title>α-β</title></svg>'))).toBe('<svg><title>α-β</title></svg>');
    expect(
      decode(
        svgDataUri("<svg>\n  <path class='bond-1' d='M 1,2 L 3,4' style='fill:none;fill-rule:evenodd;stroke:#000000' />\n</svg>"),
      ),
    ).toBe("<svg><path d='M 1,2 L 3,4' style='fill:none;stroke:#000000' /></svg>");
  });
});

describe('numbers in a report', () => {
  test('are written with a true minus, thin spaces and no minus zero', () => {
    expect([fixed(-1.234), fixed(-0.001), count(1234567), percent(0.123, 1)]).toEqual([
      '−1.23',
      '0.00',
      '1\u202f234\u202f567',
      '12.3\u202f%',
    ]);
    expect([short(0), short(-12), short(0.00001234), short(1234567.8), short(98.44)]).toEqual([
      '0',
      '−12',
      '1.2e−5',
      '1.2e+6',
      '98.4',
    ]);
  });
  test('say when there is no interval', () => {
    expect(interval({ value: 0.5, low: null, high: null })).toBe('0.50 (no interval)');
    expect(interval({ value: 0.5, low: -0.1, high: 1 }, 1)).toBe('0.5 [−0.1, 1.0]');
  });
  test('give durations and plurals as people say them', () => {
    expect([duration(420), duration(21_400), duration(161_000), duration(3_723_000)]).toEqual([
      '420 ms',
      '21.4 s',
      '2 min 41 s',
      '1 h 2 min',
    ]);
    expect([plural(1, 'row'), plural(0, 'row'), plural(2, 'entry', 'entries')]).toEqual(['1 row', '0 rows', '2 entries']);
  });
  test('round seconds up into the next minute, never to 60', () => {
    expect(duration(119_800)).toBe('2 min 0 s');
  });
});
