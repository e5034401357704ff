"""How words travel: WeChat, console, and the delivery of outbound rows."""
