-- What people look at and may do about enforcements: a subscriber's history, and what a NAS taught forgotten.

CREATE INDEX enforcements_service ON enforcements (tenant_id, service_id, id) WHERE service_id IS NOT NULL;

-- Whoever may change a NAS may have it learned anew.
CREATE POLICY nas_capabilities_forgetting ON nas_capabilities FOR DELETE TO nexora_gateway
    USING (tenant_id = ANY ((SELECT visible_tenants())::uuid[]));
GRANT DELETE ON nas_capabilities TO nexora_gateway;
