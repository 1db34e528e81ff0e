// The whole trace at a glance, drawn once on a canvas, with the time window over it. Drag outside
// of the window to choose a new one, inside to move it, at its edges to resize it; the wheel
// zooms; a double click shows all. The edges are sliders for the keyboard.
import { useEffect, useRef, type Dispatch, type KeyboardEvent, type PointerEvent } from 'react';
import { formatDuration, timeTicks } from '../format/format';
import type { ThemeName } from '../theme/palette';
import { canvasLooks } from '../theme/service_canvas';
import { useThemeName } from '../theme/theme';
import { kHasError, type TraceLayout } from './layout';
import { fullWindow, type ViewAction, type ViewState } from './view_state';

const kEdgePx = 7;

export function Minimap({ layout, state, dispatch }: {
  layout: TraceLayout; state: ViewState; dispatch: Dispatch<ViewAction>;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useThemeName();
  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    const draw = () => drawTrace(element, layout, theme);
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    return () => observer.disconnect();
  }, [layout, theme]);
  const drag = useWindowDrag(layout, state, dispatch);
  const full = fullWindow(layout);
  const left = (100 * state.fromUs) / full;
  const right = 100 - (100 * state.toUs) / full;
  return (
    <div className="minimap">
      <div className="minimap-ticks" aria-hidden="true">
        {timeTicks(0, full, 8).map((us) => (
          <span key={us} style={{ left: `${(100 * us) / full}%` }}>{formatDuration(us)}</span>
        ))}
      </div>
      <div className="minimap-map" {...drag}>
        <canvas ref={canvas} role="img" aria-label="Overview of the trace" />
        <div className="minimap-veil" style={{ left: 0, width: `${left}%` }} />
        <div className="minimap-veil" style={{ right: 0, width: `${right}%` }} />
        <Edge name="Start of the time window" layout={layout} state={state} dispatch={dispatch}
          isStart />
        <Edge name="End of the time window" layout={layout} state={state} dispatch={dispatch} />
      </div>
    </div>
  );
}

function Edge({ name, layout, state, dispatch, isStart = false }: {
  name: string; layout: TraceLayout; state: ViewState; dispatch: Dispatch<ViewAction>;
  isStart?: boolean;
}) {
  const full = fullWindow(layout);
  const value = isStart ? state.fromUs : state.toUs;
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const moved = value + (step * full) / 100;
    if (isStart && moved < state.toUs) {
      dispatch({ type: 'window', fromUs: moved, toUs: state.toUs });
    } else if (!isStart && moved > state.fromUs) {
      dispatch({ type: 'window', fromUs: state.fromUs, toUs: moved });
    }
  };
  return (
    <div className="minimap-edge" style={{ left: `${(100 * value) / full}%` }} role="slider"
      tabIndex={0} aria-label={name} aria-valuemin={0} aria-valuemax={Math.round(full)}
      aria-valuenow={Math.round(value)} aria-valuetext={formatDuration(value)}
      onKeyDown={onKeyDown} />
  );
}

type DragMode = 'new' | 'start' | 'end' | 'move';

function useWindowDrag(
  layout: TraceLayout, state: ViewState, dispatch: Dispatch<ViewAction>,
) {
  const drag = useRef<{ mode: DragMode; anchorUs: number; x: number } | null>(null);
  const full = fullWindow(layout);
  const timeAt = (event: PointerEvent | WheelEvent, box: DOMRect) =>
    Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * full;
  const modeAt = (event: PointerEvent, box: DOMRect): DragMode => {
    const px = (us: number) => box.left + (us / full) * box.width;
    if (Math.abs(event.clientX - px(state.fromUs)) <= kEdgePx) return 'start';
    if (Math.abs(event.clientX - px(state.toUs)) <= kEdgePx) return 'end';
    const isWhole = state.fromUs <= 0 && state.toUs >= full;
    const isInside = event.clientX > px(state.fromUs) && event.clientX < px(state.toUs);
    return isInside && !isWhole ? 'move' : 'new';
  };
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    const box = event.currentTarget.getBoundingClientRect();
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { mode: modeAt(event, box), anchorUs: timeAt(event, box), x: event.clientX };
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    const held = drag.current;
    if (!held || Math.abs(event.clientX - held.x) < 3) return;
    const at = timeAt(event, event.currentTarget.getBoundingClientRect());
    if (held.mode === 'new') {
      dispatch({ type: 'window', fromUs: held.anchorUs, toUs: at });
    } else if (held.mode === 'start') {
      dispatch({ type: 'window', fromUs: at, toUs: state.toUs });
    } else if (held.mode === 'end') {
      dispatch({ type: 'window', fromUs: state.fromUs, toUs: at });
    } else {
      const width = state.toUs - state.fromUs;
      dispatch({ type: 'pan', by: (at - held.anchorUs) / width });
      drag.current = { ...held, anchorUs: at, x: -1e9 };
    }
  };
  const onPointerUp = () => { drag.current = null; };
  const onDoubleClick = () => dispatch({ type: 'window', fromUs: 0, toUs: full });
  return { onPointerDown, onPointerMove, onPointerUp, onDoubleClick };
}

function drawTrace(canvas: HTMLCanvasElement, layout: TraceLayout, theme: ThemeName): void {
  const ratio = window.devicePixelRatio;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  const ctx = canvas.getContext('2d');
  if (!ctx || width === 0 || height === 0) return;
  canvas.width = width;
  canvas.height = height;
  const full = fullWindow(layout);
  // Bars as thin as these show hollow as pale, and stripes as dashes.
  const look = canvasLooks(ctx, theme, ratio);
  const fills = layout.services.map((name) => look(name).fill);
  const error = getComputedStyle(canvas).getPropertyValue('--error').trim();
  const rowHeight = height / Math.max(layout.count, 8);
  const thick = Math.max(ratio, Math.min(rowHeight * 0.7, 4 * ratio));
  const place = (i: number) => [
    ((layout.start[i] ?? 0) / full) * width, i * rowHeight,
    Math.max(ratio, ((layout.duration[i] ?? 0) / full) * width),
  ] as const;
  for (let i = 0; i < layout.count; i++) {
    const [x, y, w] = place(i);
    ctx.fillStyle = fills[layout.service[i] ?? 0] ?? '';
    ctx.fillRect(x, y, w, thick);
  }
  ctx.fillStyle = error;
  for (let i = 0; i < layout.count; i++) {
    if (((layout.flags[i] ?? 0) & kHasError) === 0) continue;
    const [x, y, w] = place(i);
    ctx.fillRect(x, y, Math.max(w, 2 * ratio), Math.max(thick, 2 * ratio));
  }
}
