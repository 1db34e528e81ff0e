// The tree's lines in the name column, as one SVG path per row.
import type { TraceLayout } from './layout';

const kLeft = 6;
const kBox = 16;
const kMiddle = 13;
const kHeight = 26;
/** The tree may take this share of the name column; deeper traces get narrower steps. */
const kTreeShare = 0.42;

export interface TreeGeometry {
  /** Left edge of the row's fold button. */
  x: number;
  path: string;
}

export function stepWidth(maxDepth: number, nameWidth: number): number {
  return Math.min(16, Math.max(3, (nameWidth * kTreeShare) / Math.max(maxDepth, 1)));
}

export function treeGeometry(
  layout: TraceLayout, row: number, nameWidth: number, isCollapsed: boolean,
): TreeGeometry {
  const step = stepWidth(layout.maxDepth, nameWidth);
  const limit = nameWidth * 0.6;
  const left = (depth: number) => Math.min(kLeft + depth * step, limit);
  const center = (depth: number) => Math.round(left(depth) + kBox / 2) + 0.5;
  const depth = layout.depth[row] ?? 0;
  const hasChildren = (layout.childCount[row] ?? 0) > 0;
  let path = '';
  if (depth > 0) {
    const x = center(depth - 1);
    const bottom = isLast(layout, row) ? kMiddle : kHeight;
    const reach = hasChildren ? left(depth) + 2 : left(depth) + kBox;
    path += `M${x} 0V${bottom}M${x} ${kMiddle + 0.5}H${Math.max(x, reach).toFixed(1)}`;
  }
  if (hasChildren && !isCollapsed) path += `M${center(depth)} ${kMiddle + 6}V${kHeight}`;
  let ancestor = layout.parent[row] ?? -1;
  for (let level = depth - 2; level >= 0 && ancestor >= 0; level--) {
    const isOpenBelow = !isLast(layout, ancestor);
    if (isOpenBelow && left(level) < limit) path += `M${center(level)} 0V${kHeight}`;
    ancestor = layout.parent[ancestor] ?? -1;
  }
  return { x: left(depth), path };
}

/** In preorder the last sibling's subtree ends where its parent's does. */
function isLast(layout: TraceLayout, row: number): boolean {
  const parent = layout.parent[row] ?? -1;
  return parent < 0 || layout.subtreeEnd[row] === layout.subtreeEnd[parent];
}
