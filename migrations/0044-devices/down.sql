DROP TABLE device_status;
DROP TABLE devices;
DROP FUNCTION announce_device_status();
DROP FUNCTION announce_devices();
DROP FUNCTION begin_device_status();
DROP FUNCTION refuse_device_cycle();
