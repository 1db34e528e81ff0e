// A select with typing to filter, after the ARIA combobox pattern (list autocomplete).
import { useId, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { ServiceDot } from './bits';
import { Icon } from './icons';

/** Longer lists are cut: nobody scrolls through more, typing narrows them. */
const kShownMax = 200;

interface ComboboxProps {
  id: string;
  value: string;
  /** Shown for the empty value. */
  allLabel: string;
  options: readonly string[];
  withDots?: boolean;
  disabled?: boolean;
  onChange: (value: string) => void;
}

export function filterOptions(options: readonly string[], text: string): string[] {
  const needle = text.trim().toLowerCase();
  const found = options.filter((option) => option.toLowerCase().includes(needle));
  const rank = (option: string) => (option.toLowerCase().startsWith(needle) ? 0 : 1);
  return needle === '' ? found : found.sort((a, b) => rank(a) - rank(b));
}

export function Combobox(props: ComboboxProps) {
  const { id, value, allLabel, options, disabled, onChange } = props;
  const [text, setText] = useState<string | null>(null);
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const listId = useId();
  const isOpen = text !== null;
  const shown = useMemo(() => {
    const found = filterOptions(options, text ?? '');
    return [...(text ? [] : ['']), ...found].slice(0, kShownMax);
  }, [options, text]);
  const open = () => {
    setText('');
    setActive(Math.max(0, ['', ...options].indexOf(value)));
  };
  const choose = (option: string | undefined) => {
    setText(null);
    if (option !== undefined && option !== value) onChange(option);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isOpen && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) open();
    else if (!isOpen) return;
    else if (event.key === 'Escape') setText(null);
    else if (event.key === 'Enter') choose(shown[active]);
    else if (event.key === 'ArrowDown') setActive(Math.min(active + 1, shown.length - 1));
    else if (event.key === 'ArrowUp') setActive(Math.max(active - 1, 0));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="combobox">
      {props.withDots && value !== '' && !isOpen && <ServiceDot name={value} />}
      <input ref={input} id={id} className="input" role="combobox" disabled={disabled}
        aria-expanded={isOpen} aria-controls={listId} aria-autocomplete="list" autoComplete="off"
        aria-activedescendant={isOpen && shown[active] !== undefined
          ? `${listId}-${active}` : undefined}
        spellCheck={false} placeholder={isOpen ? value || allLabel : allLabel}
        data-dot={props.withDots && value !== '' && !isOpen ? '' : undefined}
        value={text ?? value}
        onChange={(event) => { setText(event.target.value); setActive(0); }}
        onClick={() => { if (!isOpen) open(); }}
        onBlur={() => setText(null)} onKeyDown={onKeyDown} />
      <Icon name="down" size={12} />
      {isOpen && (
        <Options id={listId} shown={shown} active={active} value={value} props={props}
          onChoose={choose} />
      )}
    </div>
  );
}

function Options({ id, shown, active, value, props, onChoose }: {
  id: string; shown: string[]; active: number; value: string; props: ComboboxProps;
  onChoose: (option: string) => void;
}) {
  return (
    <ul className="options" id={id} role="listbox" aria-label={props.allLabel}>
      {shown.length === 0 && <li className="options-none">nothing matches</li>}
      {shown.map((option, k) => (
        <li key={option} id={`${id}-${k}`} role="option" aria-selected={option === value}
          data-active={k === active ? '' : undefined}
          ref={k === active ? (element) => element?.scrollIntoView({ block: 'nearest' }) : null}
          onMouseDown={(event) => { event.preventDefault(); onChoose(option); }}>
          {props.withDots && option !== '' && <ServiceDot name={option} />}
          <span>{option === '' ? props.allLabel : option}</span>
        </li>
      ))}
    </ul>
  );
}
