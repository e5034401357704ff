"""WeCom (企业微信): application messages to doctors, their answers, and who they are."""
