// Line charts: axes with units, a curve a model, and the values under the pointer.
import { colour, draw, make, mark, say } from './dom.js';
import { measure, scaled } from './figures.js';

const HEIGHT = 260, LEFT = 48, RIGHT = 14, TOP = 10, BOTTOM = 40;

/** A chart that redraws itself when its data or its width change. */
export class Chart {
  #svg = draw('svg', { role: 'img', height: HEIGHT });
  #caption = make('figcaption');
  #series = [];
  #frame = null;
  #drawn = '';

  /** @param onPoint told of the x value under the pointer; null when it has left. */
  constructor(onPoint) {
    this.figure = make('figure', {}, this.#caption, this.#svg);
    this.#svg.addEventListener('pointermove', event => this.#point(event, onPoint));
    this.#svg.addEventListener('pointerleave', () => { this.#rule(null); onPoint(null); });
    new ResizeObserver(() => this.#paint()).observe(this.figure);
  }

  /** @param series [{ name, index, dashed, points: [[x, y], ...] }] */
  show(title, series) {
    say(this.#caption, title);
    this.#series = series.filter(one => one.points.length > 0);
    const last = this.#series.map(one => `${one.name} ${measure(one.points.at(-1)[1])}`).join(', ');
    mark(this.#svg, 'aria-label', `${title}. Last values: ${last || 'none yet'}`);
    this.#paint();
  }

  #paint() {
    const width = this.figure.clientWidth;
    const state = `${width}|${this.#series.map(one => `${one.name}:${one.index}:${one.points.length}:${one.points.at(-1)}`).join('|')}`;
    if (width < 80 || state === this.#drawn) return;
    this.#drawn = state;
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    const points = this.#series.flatMap(one => one.points);
    const x = scale(0, Math.max(1, ...points.map(point => point[0])), LEFT, width - RIGHT, Math.max(2, Math.floor((width - LEFT) / 90)), false);
    const [low, high] = range(points.map(point => point[1]));
    const y = scale(low, high, HEIGHT - BOTTOM, TOP, 5, true);
    this.#frame = { x, y, width };
    this.#svg.replaceChildren(
      ...y.ticks.flatMap(value => [
        draw('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: y.of(value), y2: y.of(value) }),
        draw('text', { x: LEFT - 7, y: y.of(value) + 4, 'text-anchor': 'end' }, y.label(value)),
      ]),
      ...x.ticks.map(value => draw('text', { x: x.of(value), y: HEIGHT - BOTTOM + 17, 'text-anchor': value === x.high ? 'end' : 'middle' }, x.label(value))),
      draw('line', { class: 'axis', x1: LEFT, x2: width - RIGHT, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }),
      draw('text', { x: (LEFT + width - RIGHT) / 2, y: HEIGHT - 6, 'text-anchor': 'middle' }, 'step of the model’s own training'),
      ...this.#series.flatMap(one => this.#curve(one, x, y)),
      draw('line', { class: 'ruler', y1: TOP, y2: HEIGHT - BOTTOM, visibility: 'hidden' }));
  }

  #curve(one, x, y) {
    const at = ([step, loss]) => `${x.of(step).toFixed(1)},${Math.max(TOP, y.of(loss)).toFixed(1)}`;
    const line = draw('polyline', { class: one.dashed ? 'curve dashed' : 'curve', points: one.points.map(at).join(' ') });
    const [step, loss] = one.points.at(-1);
    const end = draw('circle', { class: 'mark', r: 4, cx: x.of(step), cy: Math.max(TOP, y.of(loss)) });
    return [colour(line, one.index), colour(end, one.index)];
  }

  #point(event, onPoint) {
    if (!this.#frame) return;
    const box = this.#svg.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width * this.#frame.width;
    const inside = at >= LEFT && at <= this.#frame.width - RIGHT;
    this.#rule(inside ? at : null);
    onPoint(inside ? this.#frame.x.back(at) : null);
  }

  #rule(at) {
    const ruler = this.#svg.querySelector('.ruler');
    if (!ruler) return;
    if (at !== null) { mark(ruler, 'x1', at); mark(ruler, 'x2', at); }
    mark(ruler, 'visibility', at === null ? 'hidden' : 'visible');
  }
}

/** The value of a curve at a step: of its nearest point; null beyond its end. */
export function valueAt(points, step) {
  if (points.length === 0) return null;
  const beyond = points.findIndex(point => point[0] >= step);
  if (beyond < 0) return null;
  const [before, after] = [points[Math.max(0, beyond - 1)], points[beyond]];
  return step - before[0] < after[0] - step ? before[1] : after[1];
}

/** All values but the few highest, with which a training begins: they would press the rest flat. */
function range(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return [0, 1];
  const low = sorted[0], high = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))];
  const room = Math.max((high - low) * 0.06, 0.02);
  return [Math.max(0, low - room), high + room];
}

function scale(low, high, from, to, most, isLoss) {
  const raw = (high - low) / most, power = 10 ** Math.floor(Math.log10(raw));
  let step = [1, 2, 5, 10].map(times => times * power).find(size => size >= raw);
  if (!isLoss) step = Math.max(1, step);
  const ticks = [];
  for (let tick = Math.ceil(low / step - 1e-9) * step; tick <= high + step * 1e-6; tick += step) ticks.push(tick);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return {
    high, ticks,
    of: value => from + (value - low) / (high - low) * (to - from),
    back: place => low + (place - from) / (to - from) * (high - low),
    label: value => isLoss ? value.toFixed(digits) : value === 0 ? '0' : scaled(value),
  };
}
