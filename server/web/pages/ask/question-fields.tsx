/** The fields that questions have in common; what could stand there is what there is. */
import type { ReactNode } from 'react';
import { TextField } from '../../parts/form.tsx';
import { useResourceSuggestions, useRoleSuggestions, useSubjectSuggestions } from '../access/suggestions.ts';

interface FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly refusal: string | undefined;
}

export function SubjectField({ value, onChange, refusal }: FieldProps): ReactNode {
  const suggestions = useSubjectSuggestions(value);
  return (
    <TextField
      label="Who"
      hint="An email, group:NAME or workload:NAME"
      value={value}
      onChange={onChange}
      suggestions={suggestions}
      refusal={refusal}
      isRequired
    />
  );
}

export function ResourceField({ value, onChange, refusal }: FieldProps): ReactNode {
  const suggestions = useResourceSuggestions(value);
  return (
    <TextField
      label="Resource"
      hint="DESTINATION, DESTINATION.NAMESPACE, or infra"
      value={value}
      onChange={onChange}
      suggestions={suggestions}
      refusal={refusal}
      isRequired
    />
  );
}

export function RoleField({
  value,
  onChange,
  refusal,
  resource,
  hint,
  isRequired = false,
}: FieldProps & { readonly resource: string; readonly hint: string; readonly isRequired?: boolean }): ReactNode {
  const suggestions = useRoleSuggestions(resource);
  return (
    <TextField
      label="Role"
      hint={hint}
      value={value}
      onChange={onChange}
      suggestions={suggestions}
      refusal={refusal}
      isRequired={isRequired}
    />
  );
}
