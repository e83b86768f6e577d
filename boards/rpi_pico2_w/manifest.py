freeze('$(PORT_DIR)/modules', ('_boot.py', 'rp2.py'))  # the former mounts the file system
include('$(MPY_DIR)/extmod/asyncio')
include('../../manifest.py', app=options.app)
freeze(
    '../modules', ('main.py', 'slot_trial.py', 'slot_writer.py', 'slots.py', 'startup.py'), opt=3
)
module('link.py', base_path='../modules/wifi', opt=3)
package('wifi_setup', base_path='../modules/wifi', opt=3)
