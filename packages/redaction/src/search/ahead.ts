/** Finds characters ahead in a text, in linear time: places are asked for in their order. */
export class Ahead {
  readonly #text: string;
  readonly #known = new Map<string, number>();

  constructor(text: string) {
    this.#text = text;
  }

  /** Returns the first place of a character that is not before `from`, Infinity if there is none. */
  indexOf(character: string, from: number): number {
    const known = this.#known.get(character) ?? -1;
    if (known >= from) return known;
    const found = this.#text.indexOf(character, from);
    const place = found === -1 ? Infinity : found;
    this.#known.set(character, place);
    return place;
  }
}
