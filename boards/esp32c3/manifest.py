freeze('$(PORT_DIR)/modules')  # they mount the file system, among other things
include('$(MPY_DIR)/extmod/asyncio')
include('../../manifest.py', app=options.app)
freeze(
    '../modules', ('main.py', 'slot_trial.py', 'slot_writer.py', 'slots.py', 'startup.py'), opt=3
)
module('link.py', base_path='../modules/wifi', opt=3)
package('wifi_setup', base_path='../modules/wifi', opt=3)
