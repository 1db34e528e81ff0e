// Find, fold, critical path, zoom.
import { type Dispatch, type KeyboardEvent, type RefObject } from 'react';
import { formatCount, formatDuration } from '../format/format';
import { IconButton } from '../shell/bits';
import { Icon } from '../shell/icons';
import type { Find } from './find_state';
import { firstRowIn, nextError, type TraceLayout } from './layout';
import { fullWindow, type ViewAction, type ViewState } from './view_state';

export function TraceToolbar({ layout, state, dispatch, find, findInput, openHelp }: {
  layout: TraceLayout; state: ViewState; dispatch: Dispatch<ViewAction>; find: Find;
  findInput: RefObject<HTMLInputElement | null>; openHelp: () => void;
}) {
  const isZoomed = state.fromUs > 0 || state.toUs < fullWindow(layout);
  const toError = () => {
    const row = nextError(layout, state.selected, 1);
    if (row >= 0) dispatch({ type: 'select', row, open: true });
  };
  const toWindow = () => {
    const row = firstRowIn(layout, state.fromUs, state.toUs);
    if (row >= 0) dispatch({ type: 'select', row });
  };
  return (
    <div className="trace-toolbar" role="toolbar" aria-label="Trace">
      <FindBox find={find} findInput={findInput} />
      <span className="toolbar-gap" />
      <IconButton icon="collapse" label="Fold all but the first levels"
        onClick={() => dispatch({ type: 'collapseAll' })} />
      <IconButton icon="left" label="One level less ([)"
        onClick={() => dispatch({ type: 'level', by: -1 })} />
      <IconButton icon="right" label="One level more (])"
        onClick={() => dispatch({ type: 'level', by: 1 })} />
      <IconButton icon="expand" label="Unfold all"
        onClick={() => dispatch({ type: 'expandAll' })} />
      <span className="toolbar-gap" />
      <button type="button" className="button button-small toggle" aria-pressed={state.showCritical}
        title="The spans that the end of the trace waited for (c)"
        onClick={() => dispatch({ type: 'critical' })}>
        <i className="critical-swatch" /> Critical path
      </button>
      {layout.errorCount > 0 && (
        <button type="button" className="button button-small" onClick={toError}
          title="Go to the next span with an error (e)">
          <span className="error-count"><Icon name="error" size={12} /></span> Next error
        </button>
      )}
      <span className="spacer" />
      {isZoomed && (
        <span className="zoom-chip">
          <span>{formatDuration(state.fromUs)} to {formatDuration(state.toUs)}</span>
          <button type="button" className="link" onClick={toWindow}
            title="Go to the first span that starts in this time (w)">first span here</button>
          <IconButton icon="close" label="Show the whole trace (0)"
            onClick={() => dispatch({ type: 'window', fromUs: 0, toUs: fullWindow(layout) })} />
        </span>
      )}
      <IconButton icon="help" label="Keys (?)" onClick={openHelp} />
    </div>
  );
}

function FindBox({ find, findInput }: {
  find: Find; findInput: RefObject<HTMLInputElement | null>;
}) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    find.step(event.shiftKey ? -1 : 1);
  };
  const isOn = find.text.trim() !== '';
  const count = find.isBusy && find.count === 0 ? '…'
    : find.place > 0 ? `${formatCount(find.place)} of ${formatCount(find.count)}`
      : find.count > 0 ? formatCount(find.count) : 'none';
  return (
    <div className="find" data-none={isOn && !find.isBusy && find.count === 0 ? '' : undefined}>
      <Icon name="search" size={13} />
      <input ref={findInput} className="input" value={find.text} spellCheck={false}
        placeholder="Find: text or key=value" aria-label="Find in trace"
        onChange={(event) => find.setText(event.target.value)} onKeyDown={onKeyDown} />
      <kbd aria-hidden="true" hidden={isOn}>/</kbd>
      <span className="find-count" role="status">{isOn ? count : ''}</span>
      <IconButton icon="up" label="Previous match (N)" disabled={find.count === 0}
        onClick={() => find.step(-1)} />
      <IconButton icon="down" label="Next match (n)" disabled={find.count === 0}
        onClick={() => find.step(1)} />
    </div>
  );
}
