/** A tree of things that can be told to stop: aborting a scope aborts all below it. Lighter than AbortSignal.any. */

export class Scope {
  #reason: Error | undefined;
  #parent: Scope | undefined;
  readonly #children = new Set<Scope>();
  readonly #listeners = new Set<(reason: Error) => void>();

  child(): Scope {
    const scope = new Scope();
    if (this.#reason) scope.#reason = this.#reason;
    else {
      scope.#parent = this;
      this.#children.add(scope);
    }
    return scope;
  }

  get reason(): Error | undefined {
    return this.#reason;
  }

  throwIfAborted(): void {
    if (this.#reason) throw this.#reason;
  }

  abort(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason;
    for (const child of [...this.#children]) child.abort(reason);
    for (const listener of [...this.#listeners]) listener(reason);
    this.close();
  }

  /** Takes the scope out of its parent; call when its work is over. */
  close(): void {
    if (this.#parent) this.#parent.#children.delete(this);
    this.#children.clear();
    this.#listeners.clear();
  }

  /**
   * A promise that an abort rejects. `subscribe` starts the waiting and returns its undoing, which runs exactly once,
   * however the waiting ends.
   */
  until<T>(subscribe: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void): Promise<T> {
    if (this.#reason) return Promise.reject(this.#reason);
    return new Promise<T>((resolve, reject) => {
      let undo: (() => void) | undefined;
      let over = false;
      const finish = () => {
        if (over) return false;
        over = true;
        this.#listeners.delete(onAbort);
        undo?.();
        return true;
      };
      const onAbort = (reason: Error) => {
        if (finish()) reject(reason);
      };
      this.#listeners.add(onAbort);
      undo = subscribe(
        (value) => {
          if (finish()) resolve(value);
        },
        (error) => {
          if (finish()) reject(error);
        },
      );
      if (over) undo();
    });
  }
}
