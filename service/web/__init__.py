"""The officers' workbench: pages in Chinese, served by the service, whole without JavaScript."""
