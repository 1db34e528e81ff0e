// Gives each service name a palette slot: the same one on every page of a session.
//
// A name's first choice is its hash; if another known name already has that slot, the next
// least-used one is taken. Names are placed in sorted order, so the same set of services gets the
// same colours in every browser. Assignments are kept in sessionStorage and never change within
// a session. Thread-confined to the page.
import { kSlotCount } from './palette';

const kStorageKey = 'binnacle.service-slots';

/** FNV-1a over UTF-16 units with an avalanche at the end; stable across browsers. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

export class ServiceColors {
  private readonly slots_ = new Map<string, number>();
  private readonly uses_ = new Array<number>(kSlotCount).fill(0);

  constructor(private readonly storage_: Storage | null) {
    for (const [name, slot] of readSaved(storage_)) this.place(name, slot);
  }

  /** Places every name that has no slot yet. Cost: sorting the new names. */
  assign(names: readonly string[]): void {
    const fresh = names.filter((name) => !this.slots_.has(name));
    if (fresh.length === 0) return;
    for (const name of [...new Set(fresh)].sort()) this.place(name, this.choose(name));
    this.save();
  }

  slot(name: string): number {
    const known = this.slots_.get(name);
    if (known !== undefined) return known;
    this.assign([name]);
    return this.slots_.get(name) ?? 0;
  }

  /** For style attributes: follows the theme without rendering again. */
  cssVar(name: string): string {
    return `var(--service-${this.slot(name)})`;
  }

  private choose(name: string): number {
    const least = Math.min(...this.uses_);
    const first = hashName(name) % kSlotCount;
    for (let step = 0; step < kSlotCount; step++) {
      const slot = (first + step) % kSlotCount;
      if (this.uses_[slot] === least) return slot;
    }
    return first;
  }

  private place(name: string, slot: number): void {
    this.slots_.set(name, slot);
    this.uses_[slot] = (this.uses_[slot] ?? 0) + 1;
  }

  private save(): void {
    try {
      this.storage_?.setItem(kStorageKey, JSON.stringify([...this.slots_]));
    } catch {
      // A full or forbidden storage only costs stability across reloads.
    }
  }
}

function readSaved(storage: Storage | null): [string, number][] {
  try {
    const saved: unknown = JSON.parse(storage?.getItem(kStorageKey) ?? '[]');
    if (!Array.isArray(saved)) return [];
    return saved.filter(
      (entry): entry is [string, number] =>
        Array.isArray(entry) && typeof entry[0] === 'string' &&
        Number.isInteger(entry[1]) && entry[1] >= 0 && entry[1] < kSlotCount,
    );
  } catch {
    return [];
  }
}

function sessionStorageOrNull(): Storage | null {
  try {
    return typeof sessionStorage === 'undefined' ? null : sessionStorage;
  } catch {
    return null;
  }
}

export const serviceColors = new ServiceColors(sessionStorageOrNull());
