import { Button, Menu } from "@mantine/core";
import { IconBookmark, IconBookmarkPlus, IconUsers } from "@tabler/icons-react";
import { type ReactNode, Suspense, useState } from "react";
import "@/ui/menu-styles";
import { onDemand } from "@/lib/later";
import type { PortfolioFilter, Sort } from "./filter";
import { useSegments } from "./queries";
import type { Segment } from "./shapes";

const SegmentDialog = onDemand(
  () => import("./segment-dialog"),
  (m) => m.SegmentDialog,
);

interface SegmentsMenuProps {
  filter: PortfolioFilter;
  sort: Sort;
  onOpen: (segment: Segment) => void;
}

export function SegmentsMenu({ filter, sort, onOpen }: SegmentsMenuProps): ReactNode {
  const { data: segments = [] } = useSegments();
  const [managing, setManaging] = useState(false);
  return (
    <>
      <Menu width={280} position="bottom-start">
        <Menu.Target>
          <Button variant="default" leftSection={<IconBookmark size={15} aria-hidden />}>
            Segmentos
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {segments.length === 0 && <Menu.Label>Nenhum segmento salvo</Menu.Label>}
          {segments.map((segment) => (
            <Menu.Item
              key={segment.id}
              onClick={() => onOpen(segment)}
              rightSection={segment.is_shared && <IconUsers size={14} aria-label="compartilhado" />}
            >
              {segment.name}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item leftSection={<IconBookmarkPlus size={15} aria-hidden />} onClick={() => setManaging(true)}>
            Salvar ou excluir segmentos…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {managing && (
        <Suspense fallback={null}>
          <SegmentDialog filter={filter} sort={sort} segments={segments} onClose={() => setManaging(false)} />
        </Suspense>
      )}
    </>
  );
}
