// Imported by whatever opens a Modal: no dialog is part of the first paint, and its styles need not be either.
import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/Modal.css";
