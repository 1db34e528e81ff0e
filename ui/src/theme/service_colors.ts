// Gives each service name a slot, that is a colour and a mark: the same one on every page of a
// session.
//
// A name's first choice is the filled slot of its hash. If a name that is shown with it (in the
// same trace) has that slot, or another name has it while a slot is free, the next least-used slot
// is taken, filled ones first, then striped, then hollow. Pages place
// all services of the server first, in sorted order, so that the same server gives the same colours
// on every page and in every browser.
// Assignments are kept in sessionStorage and never change within a session. Thread-confined.
import type { CSSProperties } from 'react';
import { kColorCount, kSlotCount, slotColor, slotMark, type ServiceMark } from './palette';

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

export interface ServiceFill {
  'data-mark': ServiceMark;
  style: CSSProperties;
}

export class ServiceColors {
  private readonly slots_ = new Map<string, number>();
  private readonly uses_ = new Array<number>(kSlotCount).fill(0);

  constructor(private readonly storage_: Storage | null) {
    for (const [name, slot] of readSaved(storage_)) this.place(name, slot);
  }

  /** Places every name that has no slot yet; `names` are shown together. Cost: a sort. */
  assign(names: readonly string[]): void {
    const fresh = names.filter((name) => !this.slots_.has(name));
    if (fresh.length === 0) return;
    const near = new Array<number>(kSlotCount).fill(0);
    const count = (slot: number) => { near[slot] = (near[slot] ?? 0) + 1; };
    for (const name of new Set(names)) {
      const slot = this.slots_.get(name);
      if (slot !== undefined) count(slot);
    }
    for (const name of [...new Set(fresh)].sort()) {
      const slot = this.choose(name, near);
      this.place(name, slot);
      count(slot);
    }
    this.save();
  }

  /**
   * A name not placed yet shows its first choice but does not take it: a page may draw a name
   * from its address before the server has said which others there are.
   */
  slot(name: string): number {
    return this.slots_.get(name) ?? hashName(name) % kColorCount;
  }

  /**
   * Attributes of an element of class `service-fill` (service_marks.css). They follow the theme
   * without rendering again.
   */
  fill(name: string): ServiceFill {
    const slot = this.slot(name);
    return {
      'data-mark': slotMark(slot),
      // React's type knows no custom properties.
      style: { '--service': `var(--service-${slotColor(slot)})` } as CSSProperties,
    };
  }

  /**
   * The slot least used by names nearby, then by all names; among equals the one of the earlier
   * mark, then the next after the hash.
   */
  private choose(name: string, near: readonly number[]): number {
    const first = hashName(name) % kColorCount;
    let best = first;
    const cost = (slot: number) => (near[slot] ?? 0) * 1e6 + (this.uses_[slot] ?? 0);
    for (let step = 1; step < kSlotCount; step++) {
      const mark = Math.floor(step / kColorCount);
      const slot = mark * kColorCount + ((first + step) % kColorCount);
      if (cost(slot) < cost(best)) best = slot;
    }
    return best;
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
