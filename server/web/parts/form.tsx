/** Forms: what the server refuses stands at the field it is about, and what was typed stays. */
import { useId, type ReactNode } from 'react';
import { fieldRefusals, refusalOf } from '../api/refusal.ts';
import styles from './form.module.css';

export interface FormProps {
  readonly onSubmit: () => void;
  readonly children: ReactNode;
  /** Of the last try. What belongs to a field that is shown is said there; see `refusalsOf`. */
  readonly error?: unknown;
  /** Names of the fields that show what is wrong with them. */
  readonly fields?: readonly string[];
}

export function Form({ onSubmit, children, error = null, fields = [] }: FormProps): ReactNode {
  const atFields = [...fieldRefusals(error).keys()];
  const isSaidAtFields = atFields.length > 0 && atFields.every((field) => fields.includes(field));
  const refusal = error === null ? undefined : refusalOf(error);
  return (
    <form
      className={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
      {refusal !== undefined && refusal.kind !== 'signed-out' && !isSaidAtFields && (
        <p role="alert" className={styles.alarm}>
          {refusal.sentence}
        </p>
      )}
    </form>
  );
}

interface FieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  /** Why it was refused. */
  readonly refusal?: string | undefined;
}

export interface TextFieldProps extends FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly type?: 'text' | 'email' | 'password' | 'number' | 'datetime-local' | 'url';
  readonly autoComplete?: string;
  /** What could stand there; anything else may be typed. */
  readonly suggestions?: readonly string[];
  readonly autoFocus?: boolean;
  readonly isRequired?: boolean;
  readonly lines?: number;
  readonly placeholder?: string;
}

export function TextField(props: TextFieldProps): ReactNode {
  const {
    label,
    hint,
    refusal,
    value,
    onChange,
    type = 'text',
    autoComplete = 'off',
    suggestions,
    isRequired = false,
    lines,
    autoFocus = false,
  } = props;
  const id = useId();
  const described = [hint !== undefined && `${id}-hint`, refusal !== undefined && `${id}-refusal`].filter(Boolean).join(' ');
  const shared = {
    id,
    value,
    autoComplete,
    spellCheck: false,
    autoCapitalize: 'off',
    required: isRequired,
    'aria-invalid': refusal !== undefined ? true : undefined,
    'aria-describedby': described === '' ? undefined : described,
    ...(props.placeholder === undefined ? {} : { placeholder: props.placeholder }),
    // Dialogs open where one begins to type.
    autoFocus,
  } as const;
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {lines === undefined ? (
        <input
          {...shared}
          type={type}
          list={suggestions === undefined ? undefined : `${id}-list`}
          onChange={(event) => onChange(event.target.value)}
        />
      ) : (
        <textarea {...shared} rows={lines} onChange={(event) => onChange(event.target.value)} />
      )}
      {suggestions !== undefined && (
        <datalist id={`${id}-list`}>
          {suggestions.slice(0, 200).map((suggestion) => (
            <option key={suggestion} value={suggestion} />
          ))}
        </datalist>
      )}
      <Below id={id} hint={hint} refusal={refusal} />
    </div>
  );
}

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly text: string;
}

export interface SelectFieldProps<Value extends string> extends FieldProps {
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  readonly choices: readonly Choice<Value>[];
}

export function SelectField<Value extends string>({ label, hint, refusal, value, onChange, choices }: SelectFieldProps<Value>): ReactNode {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={value}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => {
          const chosen = choices.find((choice) => choice.value === event.target.value);
          if (chosen !== undefined) onChange(chosen.value);
        }}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.text}
          </option>
        ))}
      </select>
      <Below id={id} hint={hint} refusal={refusal} />
    </div>
  );
}

export interface CheckFieldProps extends FieldProps {
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}

export function CheckField({ label, hint, refusal, isOn, onChange }: CheckFieldProps): ReactNode {
  const id = useId();
  return (
    <div className={styles.field}>
      <div className={styles.check}>
        <input
          id={id}
          type="checkbox"
          checked={isOn}
          aria-describedby={hint === undefined ? undefined : `${id}-hint`}
          onChange={(event) => onChange(event.target.checked)}
        />
        <label htmlFor={id}>{label}</label>
      </div>
      <Below id={id} hint={hint} refusal={refusal} />
    </div>
  );
}

const Below = ({
  id,
  hint,
  refusal,
}: {
  readonly id: string;
  readonly hint: ReactNode;
  readonly refusal: string | undefined;
}): ReactNode => (
  <>
    {hint !== undefined && (
      <div id={`${id}-hint`} className={styles.hint}>
        {hint}
      </div>
    )}
    {refusal !== undefined && (
      <p id={`${id}-refusal`} role="alert" className={styles.alarm}>
        {refusal}
      </p>
    )}
  </>
);
