import { IconFileSpreadsheet } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { count } from "@/lib/format";
import classes from "./import-dialog.module.css";

interface ImportFileFieldProps {
  file: File | null;
  onChoose: (file: File | null) => void;
  disabled: boolean;
}

export function ImportFileField({ file, onChoose, disabled }: ImportFileFieldProps): ReactNode {
  const [over, setOver] = useState(false);
  return (
    // Dropping is an extra; the input inside does it all by click and key.
    <label
      className={classes.drop}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(!disabled);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (!disabled) onChoose(event.dataTransfer.files[0] ?? null);
      }}
    >
      <IconFileSpreadsheet size={28} stroke={1.4} aria-hidden />
      <span>
        {file ? (
          <>
            <strong>{file.name}</strong> · {count(Math.ceil(file.size / 1024))} kB
          </>
        ) : (
          <>
            <strong>Escolha uma planilha XLSX ou CSV</strong> ou arraste para cá
          </>
        )}
      </span>
      <input
        type="file"
        className="hidden-visually"
        accept=".csv,.txt,.xlsx,text/csv,text/plain"
        disabled={disabled}
        // The same file, mended meanwhile, is chosen again: without this the browser sees no change.
        onClick={(event) => {
          event.currentTarget.value = "";
        }}
        onChange={(event) => onChoose(event.currentTarget.files?.[0] ?? null)}
      />
    </label>
  );
}
