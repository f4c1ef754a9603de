"""The screens, and the dialogs that stand on top of them."""
