// The waterfall: a tree grid of which only the rows in view exist. Row heights are fixed, so
// scrolling costs the same at any number of spans.
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  useEffect, useRef, useState, type Dispatch, type PointerEvent, type RefObject,
} from 'react';
import { formatDuration, timeTicks } from '../format/format';
import { useStored } from '../shell/bits';
import { positionOf, type TraceLayout } from './layout';
import { fullWindow, type ViewAction, type ViewState } from './view_state';
import { WaterfallRow } from './waterfall_row';

/** The same as --row in tokens.css. */
export const kRowHeight = 26;

/** A selection this far out of view was not reached by stepping. */
const kStepRows = 3;

interface WaterfallProps {
  layout: TraceLayout;
  rows: Int32Array;
  state: ViewState;
  dispatch: Dispatch<ViewAction>;
  matches: ReadonlySet<number>;
}

export function Waterfall({ layout, rows, state, dispatch, matches }: WaterfallProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [nameWidth, setNameWidth] = useStored('binnacle.name-width', 420);
  const [gutter, setGutter] = useState(0);
  const virtual = useVirtualizer({
    count: rows.length, estimateSize: () => kRowHeight, overscan: 12,
    getScrollElement: () => scroller.current,
    initialOffset: () => firstOffset(rows, state.selected),
  });
  useEffect(() => {
    const element = scroller.current;
    if (element) setGutter(element.offsetWidth - element.clientWidth);
  }, []);
  useEffect(() => {
    if (state.selected < 0) return;
    const position = positionOf(rows, state.selected);
    const { startIndex = 0, endIndex = 0 } = virtual.range ?? {};
    // A step keeps the view; a jump (find, error) shows what is around its target.
    const isJump = position < startIndex - kStepRows || position > endIndex + kStepRows;
    virtual.scrollToIndex(position, { align: isJump ? 'center' : 'auto' });
    // Only a new selection scrolls; folding must not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [state.selected]);
  useWheelZoom(scroller, nameWidth, layout, state, dispatch);
  const style = { '--name': `${nameWidth}px`, '--gutter': `${gutter}px` } as React.CSSProperties;
  return (
    <div className="waterfall" style={style}>
      <Ruler layout={layout} state={state} dispatch={dispatch} />
      <NameSplitter width={nameWidth} onWidth={setNameWidth} />
      <div className="waterfall-scroll" ref={scroller} role="treegrid" tabIndex={0}
        aria-label="Spans" aria-rowcount={rows.length}
        aria-activedescendant={state.selected >= 0 ? `row-${state.selected}` : undefined}>
        <div className="waterfall-rows" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index] ?? 0;
            return (
              <WaterfallRow key={row} layout={layout} row={row} position={item.index}
                fromUs={state.fromUs} toUs={state.toUs} nameWidth={nameWidth}
                isSelected={state.selected === row} isMatch={matches.has(row)}
                isCollapsed={state.collapsed.has(row)} showCritical={state.showCritical}
                dispatch={dispatch} />
            );
          })}
        </div>
      </div>
    </div>
  );
}

function firstOffset(rows: Int32Array, selected: number): number {
  return selected < 0 ? 0 : Math.max(0, positionOf(rows, selected) - 6) * kRowHeight;
}

/** Ticks above the timeline and their lines behind the rows. Dragging over it zooms. */
function Ruler({ layout, state, dispatch }: {
  layout: TraceLayout; state: ViewState; dispatch: Dispatch<ViewAction>;
}) {
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const width = state.toUs - state.fromUs;
  const at = (us: number) => `${(100 * (us - state.fromUs)) / width}%`;
  const share = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  };
  const finish = () => {
    if (drag && Math.abs(drag.to - drag.from) > 0.005) {
      dispatch({
        type: 'window', fromUs: state.fromUs + width * Math.min(drag.from, drag.to),
        toUs: state.fromUs + width * Math.max(drag.from, drag.to),
      });
    }
    setDrag(null);
  };
  return (
    <div className="ruler" aria-hidden="true">
      <div className="ruler-name">Service and operation</div>
      <div className="ruler-time"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag({ from: share(event), to: share(event) });
        }}
        onPointerMove={(event) => { if (drag) setDrag({ ...drag, to: share(event) }); }}
        onPointerUp={finish}
        onDoubleClick={() => dispatch({ type: 'window', fromUs: 0, toUs: fullWindow(layout) })}>
        {timeTicks(state.fromUs, state.toUs, 6).map((us) => (
          <span key={us} className="tick" style={{ left: at(us) }}><i />{formatDuration(us)}</span>
        ))}
        {drag && <span className="ruler-drag" style={{
          left: `${100 * Math.min(drag.from, drag.to)}%`,
          width: `${100 * Math.abs(drag.to - drag.from)}%` }} />}
      </div>
    </div>
  );
}

function NameSplitter({ width, onWidth }: { width: number; onWidth: (width: number) => void }) {
  const held = useRef<{ x: number; width: number } | null>(null);
  const clamp = (next: number) => Math.min(Math.max(next, 160), 900);
  return (
    <div className="name-splitter" role="separator" tabIndex={0} aria-orientation="vertical"
      aria-label="Width of the name column" aria-valuenow={width} aria-valuemin={160}
      aria-valuemax={900}
      onKeyDown={(event) => {
        if (event.key === 'ArrowLeft') onWidth(clamp(width - 20));
        if (event.key === 'ArrowRight') onWidth(clamp(width + 20));
      }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        held.current = { x: event.clientX, width };
      }}
      onPointerMove={(event) => {
        if (held.current) onWidth(clamp(held.current.width + event.clientX - held.current.x));
      }}
      onPointerUp={() => { held.current = null; }} />
  );
}

/** Ctrl and wheel zoom around the pointer; Shift and wheel, or a sideways wheel, move. */
function useWheelZoom(
  scroller: RefObject<HTMLDivElement | null>, nameWidth: number, layout: TraceLayout,
  state: ViewState, dispatch: Dispatch<ViewAction>,
): void {
  const latest = useRef({ nameWidth, state });
  useEffect(() => { latest.current = { nameWidth, state }; });
  useEffect(() => {
    const element = scroller.current;
    const onWheel = (event: WheelEvent) => {
      const { nameWidth: names, state: now } = latest.current;
      const box = element?.getBoundingClientRect();
      if (!element || !box) return;
      const timeline = element.clientWidth - names;
      const share = (event.clientX - box.left - names) / timeline;
      if (event.ctrlKey && share >= 0) {
        event.preventDefault();
        const at = now.fromUs + share * (now.toUs - now.fromUs);
        dispatch({ type: 'zoom', factor: event.deltaY > 0 ? 1.25 : 0.8, at });
      } else if (event.deltaX !== 0 || event.shiftKey) {
        event.preventDefault();
        dispatch({ type: 'pan', by: (event.deltaX || event.deltaY) / timeline });
      }
    };
    element?.addEventListener('wheel', onWheel, { passive: false });
    return () => element?.removeEventListener('wheel', onWheel);
  }, [scroller, layout, dispatch]);
}
