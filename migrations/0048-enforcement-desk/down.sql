REVOKE DELETE ON nas_capabilities FROM nexora_gateway;
DROP POLICY nas_capabilities_forgetting ON nas_capabilities;
DROP INDEX enforcements_service;
