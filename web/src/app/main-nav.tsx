import { IconDots, IconHeadset } from "@tabler/icons-react";
import { type MouseEvent, type ReactNode, Suspense, useId, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { doorOf } from "@/app/door-of";
import { type Door, useDoors } from "@/app/doors";
import classes from "@/app/main-nav.module.css";
import { useLastServed } from "@/lib/last-served";

/** With "Mais" beside them, as many as 390 px hold with their names. */
const placesInBar = 4;

/** The doors: all of them in the rail, on a phone the first in the bar and the others in a sheet. */
export function MainNav(): ReactNode {
  const [path] = useLocation();
  const served = useLastServed();
  const doors = useDoors();
  const back: Door[] = served
    ? [{ href: `/atendimento/${served.id}`, label: served.firstName, icon: IconHeadset }]
    : [];
  const inBar = doors.slice(0, placesInBar - back.length);
  const inSheet = doors.slice(inBar.length);
  const here = doorOf(path, [...doors, ...back])?.href;
  return (
    <nav className={classes.nav} aria-label="Principal">
      <ul className={classes.doors}>
        {doors.map((door) => (
          <li key={door.href} className={inSheet.includes(door) ? classes.railOnly : undefined}>
            <DoorLink door={door} here={here} />
          </li>
        ))}
        {back.map((door) => (
          <li key={door.href}>
            <DoorLink door={door} here={here} />
          </li>
        ))}
      </ul>
      {inSheet.length > 0 && <More doors={inSheet} here={here} />}
    </nav>
  );
}

function DoorLink({
  door: { href, label, icon: Icon, badge: Badge },
  here,
}: {
  door: Door;
  here: string | undefined;
}): ReactNode {
  return (
    <Link href={href} className={classes.door} aria-current={href === here ? "page" : undefined}>
      <Icon size={20} stroke={1.6} aria-hidden />
      <span>{label}</span>
      {Badge && (
        <Suspense fallback={null}>
          <span className={classes.badge}>
            <Badge />
          </span>
        </Suspense>
      )}
    </Link>
  );
}

/** The browser's own dialog: it keeps the focus, takes Escape and gives the focus back, for a hundred bytes. */
function More({ doors, here }: { doors: Door[]; here: string | undefined }): ReactNode {
  const sheet = useRef<HTMLDialogElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  const id = useId();
  const open = (): void => {
    sheet.current?.showModal();
    setIsOpen(true);
  };
  const onClick = ({ target, currentTarget }: MouseEvent): void => {
    // A door was taken, or the shade beside the sheet was touched: only the shade is the dialog itself.
    if (target === currentTarget || (target as Element).closest("a")) sheet.current?.close();
  };
  return (
    <>
      <button
        type="button"
        className={classes.more}
        onClick={open}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        aria-controls={id}
        data-here={doors.some(({ href }) => href === here) || undefined}
      >
        <IconDots size={20} stroke={1.6} aria-hidden />
        <span>Mais</span>
      </button>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard has Escape and the button. */}
      <dialog
        ref={sheet}
        id={id}
        className={classes.sheet}
        aria-label="Mais"
        onClick={onClick}
        onClose={() => setIsOpen(false)}
      >
        <div className={classes.inSheet}>
          <ul>
            {doors.map((door) => (
              <li key={door.href}>
                <DoorLink door={door} here={here} />
              </li>
            ))}
          </ul>
          <button type="button" className={classes.close} onClick={() => sheet.current?.close()}>
            Fechar
          </button>
        </div>
      </dialog>
    </>
  );
}
