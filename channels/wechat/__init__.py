"""WeChat 服务号: callbacks in, customer-service and template messages out."""
