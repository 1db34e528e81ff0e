// The filters. What is typed is a draft; submitting puts it into the address.
import { useState, type FormEvent, type ReactNode } from 'react';
import { useOperations, useServices } from '../api/queries';
import { Combobox } from '../shell/combobox';
import { Icon } from '../shell/icons';
import { draftOf, kKindNames, localInput, readDraft, type Draft, type DraftErrors } from './draft';
import { kLookbacks, type SearchState } from './search_state';

export function SearchForm({ state, isBusy, onSearch }: {
  state: SearchState; isBusy: boolean; onSearch: (state: SearchState) => void;
}) {
  const seed = JSON.stringify(draftOf(state));
  const [seen, setSeen] = useState(seed);
  const [draft, setDraft] = useState(() => draftOf(state));
  const [isTried, setTried] = useState(false);
  if (seen !== seed) {
    setSeen(seed);
    setDraft(draftOf(state));
    setTried(false);
  }
  const read = readDraft(draft, state);
  const errors: DraftErrors = 'service' in read ? {} : read;
  const set = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if ('service' in read) onSearch(read);
  };
  return (
    <form className="search-form" onSubmit={submit} noValidate aria-label="Search for traces">
      <Where draft={draft} set={set} />
      <TagsField draft={draft} set={set} error={errors.tags} />
      <DurationFields draft={draft} set={set} errors={errors} />
      <TimeFields draft={draft} set={set} errors={isTried ? errors : {}} />
      <div className="form-end">
        <button type="submit" className="button button-primary" aria-busy={isBusy}>
          <Icon name="search" /> Find traces
        </button>
        <Field label="Limit" id="limit" error={errors.limit}>
          <input id="limit" className="input" inputMode="numeric" value={draft.limit}
            aria-invalid={errors.limit !== undefined}
            onChange={(event) => set({ limit: event.target.value })} />
        </Field>
      </div>
    </form>
  );
}

export function Field({ label, id, error, hint, children }: {
  label: string; id: string; error?: string | undefined; hint?: string; children: ReactNode;
}) {
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>{label}</label>
      {children}
      {error !== undefined && <p className="field-error" id={`${id}-error`}>{error}</p>}
      {error === undefined && hint !== undefined && <p className="field-hint">{hint}</p>}
    </div>
  );
}

type PartProps = { draft: Draft; set: (part: Partial<Draft>) => void };

function Where({ draft, set }: PartProps) {
  const services = useServices();
  const operations = useOperations(draft.service);
  return (
    <>
      <Field label="Service" id="service">
        <Combobox id="service" value={draft.service} allLabel="All services" withDots
          options={services.data ?? []}
          onChange={(service) => set({ service, operation: '' })} />
      </Field>
      <Field label="Operation" id="operation">
        <Combobox id="operation" value={draft.operation} disabled={draft.service === ''}
          allLabel={draft.service === '' ? 'Choose a service first' : 'All operations'}
          options={operations.data ?? []} onChange={(operation) => set({ operation })} />
      </Field>
      <div className="field-pair">
        <Field label="Span kind" id="kind">
          <select id="kind" className="input" value={draft.kind}
            onChange={(event) => set({ kind: event.target.value })}>
            <option value="">Any</option>
            {kKindNames.map((kind) => <option key={kind}>{kind}</option>)}
          </select>
        </Field>
        <label className="check errors-only">
          <input type="checkbox" checked={draft.errorsOnly}
            onChange={(event) => set({ errorsOnly: event.target.checked })} />
          With errors
        </label>
      </div>
    </>
  );
}

function TagsField({ draft, set, error }: PartProps & { error: string | undefined }) {
  return (
    <Field label="Attributes" id="tags" error={error}
      hint={'key=value  or  key="two words"'}>
      <textarea id="tags" className="input mono tags-input" value={draft.tagText} rows={2}
        placeholder="http.response.status_code=502" spellCheck={false}
        aria-invalid={error !== undefined} aria-describedby={error ? 'tags-error' : undefined}
        onChange={(event) => set({ tagText: event.target.value })}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey) return;
          event.preventDefault();
          event.currentTarget.form?.requestSubmit();
        }} />
    </Field>
  );
}

function DurationFields({ draft, set, errors }: PartProps & { errors: DraftErrors }) {
  return (
    <div className="field-pair">
      <Field label="Shortest" id="minDuration" error={errors.minDuration}>
        <input id="minDuration" className="input" placeholder="e.g. 100ms"
          value={draft.minDuration} aria-invalid={errors.minDuration !== undefined}
          onChange={(event) => set({ minDuration: event.target.value })} />
      </Field>
      <Field label="Longest" id="maxDuration" error={errors.maxDuration}>
        <input id="maxDuration" className="input" placeholder="e.g. 1.2s"
          value={draft.maxDuration} aria-invalid={errors.maxDuration !== undefined}
          onChange={(event) => set({ maxDuration: event.target.value })} />
      </Field>
    </div>
  );
}

function TimeFields({ draft, set, errors }: PartProps & { errors: DraftErrors }) {
  const choose = (lookback: string) => {
    const nowUs = Date.now() * 1000;
    const range = lookback === 'custom' && draft.from === ''
      ? { from: localInput(nowUs - 3600e6), to: localInput(nowUs) } : {};
    set({ lookback, ...range });
  };
  return (
    <>
      <Field label="Time" id="lookback">
        <select id="lookback" className="input" value={draft.lookback}
          onChange={(event) => choose(event.target.value)}>
          {kLookbacks.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
          <option value="custom">From … to …</option>
        </select>
      </Field>
      {draft.lookback === 'custom' && (
        <div className="field-stack">
          <Field label="From" id="from">
            <input id="from" className="input" type="datetime-local" step="1" value={draft.from}
              onChange={(event) => set({ from: event.target.value })} />
          </Field>
          <Field label="To" id="to" error={errors.range}>
            <input id="to" className="input" type="datetime-local" step="1" value={draft.to}
              onChange={(event) => set({ to: event.target.value })} />
          </Field>
        </div>
      )}
    </>
  );
}
