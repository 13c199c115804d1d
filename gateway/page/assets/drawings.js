// SPDX-License-Identifier: Apache-2.0
// Drawings in SVG: a day in a line, pairs beside each other, what a line leaves, a plot of places.
import { element, shape } from './elements.js';
import { number } from './numbers.js';

// The round step (1, 2 or 5 times a power of ten) that gives about `about` of them.
export function roundStep(span, about = 5) {
  const rough = span / about;
  const decade = 10 ** Math.floor(Math.log10(rough));
  return decade * ([1, 2, 5].find((factor) => factor * decade >= rough) ?? 10);
}

export function spanOf(values) {
  if (values.length === 0) return [0, 1];
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  const air = Math.max((most - least) / 20, 1e-6 + Math.abs(most) / 1000);
  return [least - air, most + air];
}

function* steps([lower, upper], step) {
  for (let n = Math.ceil(lower / step); n * step <= upper; ++n) yield n * step;
}

export const decimalsOf = (step) => Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));

// A quantity's last 24 hours; a gap is a gap.
export function sparkline(points, widthMs, from, to) {
  const wide = 160;
  const high = 36;
  const known = points.filter((point) => point[1] !== null);
  if (known.length < 2) return null;
  const [least, most] = spanOf(known.map((point) => point[1]));
  let path = '';
  let before = null;
  for (const [start, value] of points) {
    if (value === null) {
      before = null;
      continue;
    }
    const x = (start - from) / (to - from) * wide;
    const y = high - (value - least) / (most - least) * high;
    path += `${before !== null && start - before <= 1.5 * widthMs ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
    before = start;
  }
  return shape('svg', { class: 'sparkline', viewBox: `0 -2 ${wide} ${high + 4}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    shape('path', { d: path, class: 'line raw', 'vector-effect': 'non-scaling-stroke' }));
}

// A frame with axes; `square` draws both axes to one scale.
class Plot {
  constructor({ x, y, wide = 420, high = 320, xTitle, yTitle, label, xStep }) {
    const left = 52;
    const right = 14;
    const top = 18;
    const bottom = 40;
    this.x = (value) => left + (value - x[0]) / (x[1] - x[0]) * (wide - left - right);
    this.y = (value) => high - bottom - (value - y[0]) / (y[1] - y[0]) * (high - top - bottom);
    this.parts = [];
    const stepX = xStep ?? roundStep(x[1] - x[0]);
    const stepY = roundStep(y[1] - y[0]);
    for (const at of steps(x, stepX)) {
      this.line([at, y[0]], [at, y[1]], 'grid');
      this.text(this.x(at), high - bottom + 16, number(at, decimalsOf(stepX)), 'middle');
    }
    for (const at of steps(y, stepY)) {
      this.line([x[0], at], [x[1], at], 'grid');
      this.text(left - 6, this.y(at) + 4, number(at, decimalsOf(stepY)), 'end');
    }
    this.text((left + wide - right) / 2, high - 6, xTitle, 'middle');
    this.text(left, top - 6, yTitle, 'start');
    this.wide = wide;
    this.high = high;
    this.label = label;
  }
  text(x, y, text, anchor) {
    this.parts.push(shape('text', { x: x.toFixed(1), y: y.toFixed(1), 'text-anchor': anchor }, text));
  }
  line(from, to, kind) {
    this.parts.push(shape('line', { class: kind, x1: this.x(from[0]).toFixed(1), y1: this.y(from[1]).toFixed(1),
      x2: this.x(to[0]).toFixed(1), y2: this.y(to[1]).toFixed(1) }));
  }
  dot(x, y) {
    this.parts.push(shape('circle', { class: 'dot', cx: this.x(x).toFixed(1), cy: this.y(y).toFixed(1), r: 2.5 }));
  }
  area(points, kind) {
    this.parts.push(shape('polygon', { class: kind,
      points: points.map(([x, y]) => `${this.x(x).toFixed(1)},${this.y(y).toFixed(1)}`).join(' ') }));
  }
  drawing() {
    return shape('svg', { class: 'plot', viewBox: `0 0 ${this.wide} ${this.high}`, role: 'img', 'aria-label': this.label },
      this.parts);
  }
}

const figureOf = (plot, caption) => element('figure', {}, plot.drawing(), element('figcaption', {}, caption));

// Sensor over reference with equal axes, so that 1:1 stands at 45 degrees.
export function scatter(pairs, fit, words) {
  const span = spanOf(pairs.flatMap(([, sensor, reference]) => [sensor, reference]));
  const plot = new Plot({ x: span, y: span, wide: 380, high: 372, xTitle: words.x, yTitle: words.y, label: words.label });
  plot.line([span[0], span[0]], [span[1], span[1]], 'one-to-one');
  const clamp = (value) => Math.min(span[1], Math.max(span[0], value));
  if (fit?.slope !== null && fit?.slope !== undefined && pairs.length > 1) {
    const references = pairs.map((pair) => pair[2]);
    const ends = [Math.min(...references), Math.max(...references)];
    const mean = references.reduce((a, b) => a + b, 0) / references.length;
    const middle = fit.slope * mean + fit.intercept;
    if (fit.slope_ci95) {  // lines through the middle of the pairs as steep as the interval allows
      const at = (slope, x) => clamp(middle + slope * (x - mean));
      const [low, high] = fit.slope_ci95;
      plot.area([[ends[0], at(low, ends[0])], [mean, clamp(middle)], [ends[1], at(low, ends[1])],
        [ends[1], at(high, ends[1])], [mean, clamp(middle)], [ends[0], at(high, ends[0])]], 'interval');
    }
    for (const [, sensor, reference] of pairs) plot.dot(reference, sensor);
    plot.line([ends[0], clamp(fit.slope * ends[0] + fit.intercept)], [ends[1], clamp(fit.slope * ends[1] + fit.intercept)], 'fit');
  } else {
    for (const [, sensor, reference] of pairs) plot.dot(reference, sensor);
  }
  return figureOf(plot, words.caption);
}

// What the fitted line leaves, over anything.
export function residuals(points, x, words, xStep) {
  const y = spanOf([0, ...points.map((point) => point[1])]);
  const plot = new Plot({ x, y, wide: 380, high: 260, xTitle: words.x, yTitle: words.y, label: words.label, xStep });
  plot.line([x[0], 0], [x[1], 0], 'one-to-one');
  for (const [at, rest] of points) plot.dot(at, rest);
  return figureOf(plot, words.caption);
}

// Marks that would cover each other move down, away from the first of them; each stays as a whole within `size`.
function apart(marks, size) {
  const placed = [];
  for (const mark of marks.sort((a, b) => Boolean(b.isOwn) - Boolean(a.isOwn) || a.y - b.y)) {
    mark.x = Math.min(Math.max(mark.x, mark.wide / 2 + 2), size - mark.wide / 2 - 2);
    const covers = (other) => Math.abs(other.x - mark.x) < (other.wide + mark.wide) / 2 && other.y - mark.high < mark.y && mark.y < other.y + other.high;
    for (let other = placed.find(covers); other; other = placed.find(covers)) mark.y = other.y + other.high;
    placed.push(mark);
  }
  return placed;
}

// As wide as a text is drawn, about: what is Chinese is as wide as it is high.
const wideOf = (text, size) => [...text].reduce((wide, letter) => wide + (letter > '\u2e80' ? size : .6 * size), 0);

// Places around a middle, north up, with rings of distance, in a square of `size` pixels.
export function places(found, size, words) {
  const reach = Math.max(1000, ...found.map((place) => Math.hypot(place.east, place.north))) * 1.12;
  const at = (metres) => size / 2 + metres / reach * (size / 2 - 8);
  const step = roundStep(reach / 1000, 4);
  const rings = [];
  for (let km = step; km * 1000 < reach; km += step) {
    const radius = at(km * 1000) - size / 2;
    rings.push(shape('circle', { class: 'ring', cx: size / 2, cy: size / 2, r: radius.toFixed(1) }),
      shape('text', { class: 'ring-label', x: size / 2 + 3, y: (size / 2 - radius - 3).toFixed(1) }, `${number(km, decimalsOf(step))} km`));
  }
  return shape('svg', { class: 'places', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': words.label },
    rings,
    shape('text', { class: 'ring-label', x: 10, y: 20 }, `↑ ${words.north}`),
    apart(found.map((place) => ({ ...place, pill: 12 + 8 * place.value.length }))
      .map((place) => ({ ...place, x: at(place.east), y: size - at(place.north), high: place.name ? 35 : 22,
        wide: place.isOwn ? 20 : Math.max(place.pill, wideOf(place.name, 11)) })), size)
      .map((place) => {
      const x = place.x.toFixed(1);
      const y = place.y.toFixed(1);
      const { pill } = place;
      return shape('g', { class: place.isOwn ? 'place own' : 'place' },
        shape('title', {}, place.title),
        place.isOwn
          ? shape('path', { d: `M${x} ${y - 11}l9.5 16.5h-19z`, class: 'own' })
          : [place.name ? shape('text', { class: 'place-name', x, y: (Number(y) + 21).toFixed(1), 'text-anchor': 'middle' }, place.name) : '',
            shape('rect', { x: (x - pill / 2).toFixed(1), y: (y - 10).toFixed(1), width: pill, height: 20, rx: 10,
              ...(place.colour ? { fill: place.colour } : {}) }),
            shape('text', { x, y: (Number(y) + 4.5).toFixed(1), 'text-anchor': 'middle', ...(place.ink ? { fill: place.ink } : {}) }, place.value)]);
    }));
}
