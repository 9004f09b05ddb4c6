type Labels = Record<string, string> | null | undefined;

/** Objects of one kind and namespace by their labels, so that a selector does not look at each of them. */
export class LabelIndex<T> {
  readonly #byLabel = new Map<string, T[]>();
  readonly #labelsOf: (object: T) => Labels;

  constructor(objects: Iterable<T>, labelsOf: (object: T) => Labels) {
    this.#labelsOf = labelsOf;
    for (const object of objects) {
      for (const [name, value] of Object.entries(labelsOf(object) ?? {})) {
        const label = `${name}=${value}`;
        const labelled = this.#byLabel.get(label);
        if (labelled) labelled.push(object);
        else this.#byLabel.set(label, [object]);
      }
    }
  }

  /** The objects that have all of these labels; none if there are no labels. */
  matching(selector: readonly (readonly [string, string])[]): T[] {
    const lists = selector.map((label) => this.#byLabel.get(label.join('=')) ?? []);
    const [first, ...others] = lists.toSorted((one, other) => one.length - other.length);
    if (!first) return [];
    if (others.length === 0) return first;
    return first.filter((object) => {
      const labels = this.#labelsOf(object);
      return selector.every(([name, value]) => labels?.[name] === value);
    });
  }
}
