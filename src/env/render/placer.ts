/** Finds room for labels beside points of a drawing: the spot among twelve that covers the least of what is there. */

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlaceOptions {
  readonly width: number;
  readonly height: number;
  /** Clear distance from the point. */
  readonly gap: number;
}

/** Directions by preference: below, above, right, left, corners. */
const DIRECTIONS: readonly (readonly [number, number])[] = [
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [0.8, 0.8],
  [-0.8, 0.8],
  [0.8, -0.8],
  [-0.8, -0.8],
  [0.4, 1],
  [-0.4, 1],
  [0.4, -1],
  [-0.4, -1],
];
const SAMPLE_PX = 6;
const BOX_COST = 40;
const OUTSIDE_COST = 200;

export class Placer {
  readonly #area: Box;
  readonly #points: number[] = [];
  readonly #boxes: Box[] = [];

  constructor(area: Box) {
    this.#area = area;
  }

  addBox(box: Box): void {
    this.#boxes.push(box);
  }

  addSegment(x1: number, y1: number, x2: number, y2: number): void {
    const length = Math.sqrt((x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1));
    const samples = Math.max(1, Math.floor(length / SAMPLE_PX));
    for (let i = 0; i <= samples; i++) {
      this.#points.push(x1 + ((x2 - x1) * i) / samples, y1 + ((y2 - y1) * i) / samples);
    }
  }

  /** The box found, which is taken from now on. */
  place(x: number, y: number, { width, height, gap }: PlaceOptions): Box {
    let best: Box | undefined;
    let least = Infinity;
    for (const [dx, dy] of DIRECTIONS) {
      const box = {
        x: x + dx * (gap + width / 2) - width / 2,
        y: y + dy * (gap + height / 2) - height / 2,
        width,
        height,
      };
      const cost = this.#cost(box);
      if (cost < least) [best, least] = [box, cost];
    }
    this.#boxes.push(best!);
    return best!;
  }

  #cost(box: Box): number {
    const { x, y, width, height } = this.#area;
    const outside = box.x < x || box.y < y || box.x + box.width > x + width || box.y + box.height > y + height;
    let cost = outside ? OUTSIDE_COST : 0;
    for (const other of this.#boxes) if (overlap(box, other)) cost += BOX_COST;
    for (let i = 0; i < this.#points.length; i += 2) if (holds(box, this.#points[i]!, this.#points[i + 1]!)) cost++;
    return cost;
  }
}

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function holds({ x, y, width, height }: Box, px: number, py: number): boolean {
  return px > x - 2 && px < x + width + 2 && py > y - 2 && py < y + height + 2;
}
