// The looks of service_marks.css for drawings on a canvas.
import { kServicePalette, kSurface, slotColor, slotMark, type ThemeName } from './palette';
import { serviceColors } from './service_colors';

/** The colour's share in the pale parts of stripes and hollow shapes; as in the stylesheet. */
const kPaleShare = 0.3;

export interface CanvasLook {
  fill: string | CanvasPattern;
  /** The outline of hollow shapes; null for the others. */
  rim: string | null;
}

/** `share` of `color` on `ground`, both "#rrggbb". */
export function mixHex(color: string, ground: string, share: number): string {
  const channel = (at: number) => {
    const [over, under] = [color, ground].map((hex) => parseInt(hex.slice(at, at + 2), 16));
    return Math.round((over ?? 0) * share + (under ?? 0) * (1 - share)).toString(16).padStart(2, '0');
  };
  return `#${channel(1)}${channel(3)}${channel(5)}`;
}

/** Looks for one drawing; `stripe` is in pixels of the canvas. Cost: a small pattern per look. */
export function canvasLooks(
  ctx: CanvasRenderingContext2D, theme: ThemeName, stripe: number,
): (service: string) => CanvasLook {
  const made = new Map<number, CanvasLook>();
  return (service) => {
    const slot = serviceColors.slot(service);
    let look = made.get(slot);
    if (!look) {
      look = makeLook(ctx, theme, stripe, slot);
      made.set(slot, look);
    }
    return look;
  };
}

function makeLook(
  ctx: CanvasRenderingContext2D, theme: ThemeName, stripe: number, slot: number,
): CanvasLook {
  const color = kServicePalette[theme][slotColor(slot)] ?? '#888888';
  const mark = slotMark(slot);
  if (mark === 'filled') return { fill: color, rim: null };
  const pale = mixHex(color, kSurface[theme], kPaleShare);
  if (mark === 'hollow') return { fill: pale, rim: color };
  return { fill: stripes(ctx, color, pale, Math.max(1, Math.round(stripe))) ?? color, rim: null };
}

/** Diagonal stripes that continue from tile to tile. */
function stripes(
  ctx: CanvasRenderingContext2D, color: string, pale: string, stripe: number,
): CanvasPattern | null {
  const size = 4 * stripe;
  const tile = document.createElement('canvas');
  tile.width = tile.height = size;
  const pen = tile.getContext('2d');
  if (!pen) return null;
  pen.fillStyle = pale;
  pen.fillRect(0, 0, size, size);
  pen.fillStyle = color;
  for (const x of [-size, 0, size]) {
    pen.beginPath();
    pen.moveTo(x, 0);
    pen.lineTo(x + size / 2, 0);
    pen.lineTo(x - size / 2, size);
    pen.lineTo(x - size, size);
    pen.fill();
  }
  return ctx.createPattern(tile, 'repeat');
}
