import { Menu, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { IconBuilding, IconLogout, IconMoon, IconSun } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { PauseItems } from "@/app/pause-items";
import classes from "@/app/shell.module.css";
import { usePendingCount } from "@/features/service/use-pending";
import { initials } from "@/lib/format";
import { enterTenant, roleNames, signOut, useMember } from "@/lib/session";
import "@/ui/menu-styles";

export function UserMenu(): ReactNode {
  const { user, tenant, tenants, seat } = useMember();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const pending = usePendingCount();
  const dark = colorScheme === "dark" || (colorScheme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  const leave = (): void => {
    const question = "Há tabulações ainda não enviadas. Elas ficam guardadas neste computador. Sair mesmo assim?";
    if (pending === 0 || window.confirm(question)) void signOut();
  };
  const others = tenants.filter(({ id }) => id !== tenant.id);
  return (
    <Menu position="right-end" width={260} withinPortal>
      <Menu.Target>
        <UnstyledButton className={classes.user} aria-label={`Conta de ${user.name}, ${tenant.name}`}>
          <span className={classes.avatar} aria-hidden>
            {initials(user.name)}
          </span>
          <span className={classes.tenant}>{tenant.name}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.identity}>
          <strong>{user.name}</strong>
          <span>{user.email}</span>
          <span>
            {roleNames[tenant.role]} · {tenant.name}
          </span>
        </div>
        <Menu.Divider />
        {others.length > 0 && <Menu.Label>Trocar de assessoria</Menu.Label>}
        {others.map(({ id, name }) => (
          <Menu.Item key={id} leftSection={<IconBuilding size={16} />} onClick={() => enterTenant(id)}>
            {name}
          </Menu.Item>
        ))}
        {/* Who sits at the dialer pauses there. */}
        {tenant.role === "operator" && !seat && <PauseItems />}
        <Menu.Item
          leftSection={dark ? <IconSun size={16} /> : <IconMoon size={16} />}
          onClick={() => setColorScheme(dark ? "light" : "dark")}
        >
          {dark ? "Tema claro" : "Tema escuro"}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={leave}>
          Sair
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
