import { Menu, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { IconBuilding, IconCoffee, IconLogout, IconMoon, IconPlayerPlay, IconSun } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import classes from "@/app/shell.module.css";
import { endBreak, takeBreak, useStanding } from "@/features/calls/presence";
import { usePendingCount } from "@/features/service/use-pending";
import { breakCodes, breakWords } from "@/lib/breaks";
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
  const queryClient = useQueryClient();
  const { data: standing } = useStanding();
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
        {tenant.role === "operator" && !seat && (
          <>
            <Menu.Label>Pausa</Menu.Label>
            {standing?.state === "paused" ? (
              <Menu.Item leftSection={<IconPlayerPlay size={16} />} onClick={() => void endBreak(queryClient)}>
                Voltar da pausa
              </Menu.Item>
            ) : (
              breakCodes.map((code) => (
                <Menu.Item
                  key={code}
                  leftSection={<IconCoffee size={16} />}
                  onClick={() => void takeBreak(queryClient, code)}
                >
                  {breakWords[code]}
                </Menu.Item>
              ))
            )}
            <Menu.Divider />
          </>
        )}
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
