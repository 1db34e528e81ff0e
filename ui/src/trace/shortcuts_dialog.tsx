import { useEffect, useRef } from 'react';
import { IconButton } from '../shell/bits';
import { kShortcuts } from './trace_keys';

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => { dialog.current?.showModal(); }, []);
  return (
    <dialog ref={dialog} className="dialog" onClose={onClose} aria-labelledby="shortcuts-title">
      <header>
        <h2 id="shortcuts-title">Keys</h2>
        <IconButton icon="close" label="Close" onClick={() => dialog.current?.close()} />
      </header>
      <dl>
        {kShortcuts.map(([keys, meaning]) => (
          <div key={meaning}>
            <dt>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p className="field-hint">On the timeline: drag to zoom, Ctrl and wheel to zoom, Shift and
        wheel to move, double click for the whole trace.</p>
    </dialog>
  );
}
